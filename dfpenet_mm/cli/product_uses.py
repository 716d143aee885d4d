"""What to do with each product of a run."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

# The first pattern that fits a name counts; what is looked at first comes first.
USES = {
    'report.html': 'open in a browser: map, table, numbers',
    'landslides.qgs': 'open in QGIS: the inventory on the images',
    'landslides.gpkg': 'open in QGIS: styled, can be edited',
    'landslides.*': 'the inventory in another format',
    'mask.tif': 'open in QGIS: 1 landslide, 255 not mapped',
    'probability.tif': 'open in QGIS: probability, 0 to 1',
    'pre_mask.tif': 'the same before the event',
    'pre_probability.tif': 'the same before the event',
    'area_of_interest.gpkg': 'open in QGIS: the area asked for',
    'evaluation.gpkg': 'open in QGIS: hits, false alarms, misses',
    'evaluation.tif': 'open in QGIS: the same by pixels',
    'statistics.tif': 'open in QGIS: density of landslides',
    'inventory.png': 'picture: the landslides by number',
    'pre_post_comparison.png': 'picture: both images and the landslides',
    'recognition_stages.png': 'picture: from image to inventory',
    'segmentation_examples.png': 'picture: the network, close up',
    'shift.png': 'picture: how far the images lie apart',
    'statistics.png': 'picture: sizes and their fits',
    'evaluation.png': 'picture: hits, false alarms, misses',
    '*.png': 'picture',
    'statistics.json': 'sizes and their fits, for programs',
    'summary.json': 'all numbers and settings, for programs',
}


def with_uses(files: Iterable[Path]) -> list[tuple[Path, str]]:
    """Say what to do with each file, in the order of ``USES``; unknown ones come last.

    Args:
        files: products of a run.

    Returns:
        Files with a phrase, empty if nothing is known.
    """
    found = [(_place(path.name), path) for path in files]
    uses = [*USES.values(), '']
    return [(path, uses[place]) for place, path in sorted(found)]


def _place(name: str) -> int:
    fitting = (index for index, pattern in enumerate(USES) if fnmatch(name, pattern))
    return next(fitting, len(USES))
