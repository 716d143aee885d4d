"""Landslides as records: their measures."""
