"""Masks and polygons: opening rasters by window, pixels to polygons and back."""
