"""The codes and names that rasters, tables and folders share, each defined here alone."""

from enum import IntEnum, StrEnum

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
# Ground where an analyst looked at everything; squares of ground that are worth a look.
REVIEWED_AREA = 'reviewed_area'
PLACES_TO_CHECK = 'places_to_check'


class Review(StrEnum):
    """Outcome of an analyst's look at a landslide of an inventory."""

    UNREVIEWED = 'unreviewed'
    CONFIRMED = 'confirmed'
    REJECTED = 'rejected'
    EDITED = 'edited'
    ADDED = 'added'


class Judgement(StrEnum):
    """Outcome of an analyst's look at a point of an audit."""

    LANDSLIDE = 'landslide'
    NOT_LANDSLIDE = 'not landslide'
    CANNOT_TELL = 'cannot tell'


# Ways of measuring how much of a landslide another one covers: the share of its area, or the
# intersection over union with the best.
OVERLAPS = ('share', 'iou')

# Columns in which a review is written; reviewed areas have the middle three.
REVIEW = 'review'
REVIEWER = 'reviewer'
REVIEWED_AT = 'reviewed_at'
COMMENT = 'comment'
REVIEW_ORDER = 'review_order'
# Points of a random sample of a map, in a file of this name, and what stands at them.
AUDIT = 'audit'
VERDICT = 'verdict'
# How likely a landslide of this probability was confirmed where ground was reviewed.
CHANCE = 'chance'
# The inventory as the run left it, beside the one that was reviewed.
ORIGINAL = 'original.gpkg'

# Key of a product's metadata under which its provenance stands as JSON.
PROVENANCE_KEY = 'DFPENET_MM'
# Beside the products of a run, of an evaluation and of a data set.
SUMMARY = 'summary.json'

# Longitudes and latitudes, in degrees.
WGS84 = 'EPSG:4326'
