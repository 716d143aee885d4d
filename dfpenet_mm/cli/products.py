"""Files that commands write: how programs find them, and what people do with them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from dfpenet_mm.vocabulary import ORIGINAL, SUMMARY

# The first pattern that fits a name counts; what is looked at first comes first.
USES = {
    'report.html': 'open in a browser: map, table, numbers',
    'landslides.qgs': 'open in QGIS: the inventory on the images',
    'landslides.gpkg': 'open in QGIS: styled, can be edited',
    'original.gpkg': 'the same, kept as it was mapped',
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


INVENTORY = 'landslides.gpkg'
# By path in the folder of a command; what has no name of its own is called by that path.
NAMES = {
    INVENTORY: 'inventory',
    'report.html': 'report',
    'landslides.qgs': 'project',
    ORIGINAL: 'original',
    'mask.tif': 'mask',
    'probability.tif': 'probability',
    'pre_mask.tif': 'pre_mask',
    'pre_probability.tif': 'pre_probability',
    'area_of_interest.gpkg': 'area_of_interest',
    SUMMARY: 'summary',
    'evaluation.gpkg': 'evaluation',
    'audit.gpkg': 'audit',
    'teaching.json': 'teaching',
    'network/taught.py': 'config',
    'network/taught.pth': 'checkpoint',
    'benchmark.html': 'report',
    'scores.csv': 'scores',
    'images.csv': 'images',
    'post.tif': 'post',
    'pre.tif': 'pre',
    'post_mask.tif': 'post_mask',
    'dem.tif': 'dem',
    'area.gpkg': 'area',
    'quick_look.png': 'quick_look',
    'fetch.json': 'record',
}


def named_products(
    folder: Path, files: Iterable[Path], *, inventory: str = INVENTORY
) -> dict[str, Path]:
    """Name products for programs.

    Args:
        folder: of the command.
        files: below it.
        inventory: path of the landslides in the folder, where a config calls them otherwise.

    Returns:
        Files by what they are, and the ``folder``.
    """
    names = {**NAMES, inventory: NAMES[INVENTORY]}
    inside = {path.relative_to(folder).as_posix(): path for path in files}
    return {'folder': folder, **{names.get(name, name): path for name, path in inside.items()}}
