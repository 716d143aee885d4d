"""Chips for training, cut from scenes and inventories."""
