"""Terrain under landslides: slope, aspect, curvature, relief, headscarp and toe, from a DEM."""
