"""Rules on what auxiliary rasters say of a landslide."""
