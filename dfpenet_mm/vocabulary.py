"""The codes and names that rasters, tables and folders share, each defined here alone."""

from enum import IntEnum

# Pixels of masks and of landslide labels.
BACKGROUND = 0
LANDSLIDE = 1
# Where a raster of codes knows nothing; as a label, neither losses nor scores count it.
NODATA = 255
IGNORED = NODATA
LANDSLIDE_COLOUR = (230, 75, 30)


class Verdict(IntEnum):
    """Pixels of a confusion raster."""

    BACKGROUND = BACKGROUND
    TP = 1
    FP = 2
    FN = 3
    FP_AT_BOUNDARY = 4
    FN_AT_BOUNDARY = 5
    NOT_COMPARED = NODATA


# False alarms and misses that a tolerance leaves to a boundary.
AT_BOUNDARY = {Verdict.FP: Verdict.FP_AT_BOUNDARY, Verdict.FN: Verdict.FN_AT_BOUNDARY}

# Layers of an inventory; the last one, the only ground that was asked for, has a file of its name.
LANDSLIDES = 'landslides'
REJECTED = 'rejected'
HEADSCARPS = 'headscarps'
AREA_OF_INTEREST = 'area_of_interest'
# Key of a product's metadata under which its provenance stands as JSON.
PROVENANCE_KEY = 'DFPENET_MM'
# Beside the products of a run, of an evaluation and of a data set.
SUMMARY = 'summary.json'

# Longitudes and latitudes, in degrees.
WGS84 = 'EPSG:4326'
