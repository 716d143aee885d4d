"""A project for QGIS that opens everything a run left in its folder, styled."""
