"""Labels of ISPRS: classes from colours, and boundaries eroded for scoring."""

from __future__ import annotations

import cv2
import numpy as np

from dfpenet_mm.datasets.isprs import IsprsDataset
from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.vocabulary import IGNORED

UNKNOWN = 254
PALETTE = np.array(IsprsDataset.METAINFO['palette'], np.uint8)
CLASSES = IsprsDataset.METAINFO['classes']
# Rows decoded at once: the codes take four bytes a pixel.
ROWS = 512
# Colours an error names.
NAMED = 3
# Values this near 0 or 255 pass for it where images are told from ground truth.
NEAR = 32


def _lookup_table() -> np.ndarray:
    """Return the class of each of the 2**24 colours."""
    table = np.full(1 << 24, UNKNOWN, np.uint8)
    table[_codes(PALETTE)] = np.arange(len(PALETTE))
    table[0] = IGNORED
    return table


def _codes(colours: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def decode_colours(colours: np.ndarray, *, name: str, rounded: bool = False) -> np.ndarray:
    """Turn colours into classes.

    Args:
        colours: uint8, shape (rows, cols, 3), red, green, blue.
        name: the file, for errors.
        rounded: take each value for 0 or 255, whichever is nearer.

    Returns:
        uint8 of shape (rows, cols): classes in ISPRS's order from 0, impervious surface,
        building, low vegetation, tree, car, clutter; 255 where the ground truth is black,
        as in eroded boundaries.

    Raises:
        RasterFormatError: if a colour is neither a class's nor black.
    """
    table = _lookup_table()
    labels = np.empty(colours.shape[:2], np.uint8)
    for start in range(0, len(colours), ROWS):
        part = colours[start : start + ROWS]
        if rounded:
            part = (part >> 7) * np.uint8(255)
        labels[start : start + ROWS] = table[_codes(part)]
    strange = labels == UNKNOWN
    if strange.any():
        raise RasterFormatError(_complaint(colours[strange], name))
    return labels


def palette_share(colours: np.ndarray) -> float:
    """Return which share of pixels is near the colour of a class, in [0, 1].

    Ground truth is near 1 even when damaged, an image near 0.

    Args:
        colours: uint8, shape (rows, cols, 3).
    """
    distance = np.minimum(colours, 255 - colours).max(axis=-1)
    # Black is no class's colour, and frequent in an image's shadows.
    near = (distance < NEAR) & (colours.max(axis=-1) > NEAR)
    return float(near.mean())


def _complaint(colours: np.ndarray, name: str) -> str:
    unique, counts = np.unique(colours, axis=0, return_counts=True)
    order = np.argsort(-counts, kind='stable')[:NAMED]
    found = ', '.join(f'{tuple(unique[i].tolist())} in {counts[i]} pixels' for i in order)
    more = f' and {len(unique) - len(order)} more' if len(unique) > len(order) else ''
    return (
        f'{name} holds colours that no class has: {found}{more}; download the file again, and '
        f'see that no other program has saved or resampled it'
    )


def erode_boundaries(labels: np.ndarray, *, radius: int = 3) -> np.ndarray:
    """Ignore every pixel that has another class within a disc.

    What the ISPRS contest describes as ground truth "where the boundaries of objects have been
    eroded by a circular disc of 3 pixel radius". An object is a region of one class; the edge of
    the tile is no boundary. Across a straight boundary 2 * radius pixels are ignored, 6 for a
    radius of 3. ISPRS's own files are not of one kind: measured on a 512 x 512 corner of one
    tile each, Vaihingen's lines are 5 pixels wide (8.1 % of the pixels ignored; this rule ignores
    8.9 %) and Potsdam's 7 (9.4 %; 7.9 %). Take ISPRS's files where you have them.

    Args:
        labels: classes, uint8, shape (rows, cols). Pixels of 255 stay; they count as a class
            of their own.
        radius: of the disc, pixels; centres at exactly this distance count.

    Returns:
        Copy of the labels with 255 at the boundaries.

    Source: section 3.2.5 of the paper (Table 2), after the ISPRS 2D Semantic Labeling Contest.
    """
    offsets = np.arange(-radius, radius + 1)
    disc = (offsets[:, None] ** 2 + offsets**2 <= radius**2).astype(np.uint8)
    # Where the least and greatest label under the disc agree, it holds one class. What lies
    # outside of the array never counts: OpenCV's default border is neutral to both.
    boundary = cv2.erode(labels, disc) != cv2.dilate(labels, disc)
    return np.where(boundary, np.uint8(IGNORED), labels)
