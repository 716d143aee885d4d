"""Blocks of windows predicted, blended and kept: the unit of work and of resuming."""
