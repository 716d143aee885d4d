"""A raster opened, checked and read: validity, the area to map, scaled chips of windows."""
