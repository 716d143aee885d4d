"""Auxiliary rasters of any grid and CRS: checked, and read on the scene's grid."""
