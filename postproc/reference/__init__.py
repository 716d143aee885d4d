"""The inventory to evaluate against, vector or raster, brought to the scene."""
