"""Blocks in any order made rows, and rows made GeoTIFFs."""
