"""The ground that an image shows: its classes of cloud, shadow and snow inside of an area."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.errors import DfpenetError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.imagery.area import Area
from dfpenet_mm.imagery.items import BANDS, SCL, Overpass, SourceItem
from dfpenet_mm.imagery.offsets import (
    FEWEST,
    PERCENTILE,
    ItemRefusedError,
    OffsetDecision,
    decide_offset,
)
from dfpenet_mm.imagery.reading import ItemReader

# Pixels along a side in which shares are counted: by overviews, so that little is read.
LOOK_SIDE = 512


class Seen(IntEnum):
    """Kinds of ground that a pixel may show; also the values of a mask's first band."""

    CLEAR = 0
    CLOUD = 1
    SHADOW = 2
    SNOW = 3
    DEFECTIVE = 4
    NOTHING = 255


# Classes of Sentinel-2's scene classification. Dark ground (2), which lies in the shadow of
# mountains, and what it could not classify (7) are ground.
CLASSES = {
    0: Seen.NOTHING,
    1: Seen.DEFECTIVE,
    3: Seen.SHADOW,
    8: Seen.CLOUD,
    9: Seen.CLOUD,
    10: Seen.CLOUD,
    11: Seen.SNOW,
}
_TABLE = np.zeros(256, np.uint8)
for _value, _seen in CLASSES.items():
    _TABLE[_value] = _seen
# Shares that people read.
SHARES = {'clear': Seen.CLEAR, 'cloud': Seen.CLOUD, 'shadow': Seen.SHADOW, 'snow': Seen.SNOW}


def seen_of(classes: np.ndarray) -> np.ndarray:
    """Translate Sentinel-2's scene classification.

    Args:
        classes: its codes, any shape.

    Returns:
        Codes of ``Seen``, same shape, uint8.
    """
    return _TABLE[np.clip(classes, 0, 255).astype(np.uint8)]


def laid_over(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Lay one image over another: clear ground first, then whatever there is.

    Args:
        upper: codes of ``Seen``.
        lower: likewise, same shape.

    Returns:
        The codes of both together.
    """
    takes = (upper != Seen.CLEAR) & ((lower == Seen.CLEAR) | (upper == Seen.NOTHING))
    return np.where(takes, lower, upper)


def shares(seen: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Count what an area shows.

    Args:
        seen: codes of ``Seen``.
        inside: pixels of the area, same shape.

    Returns:
        Shares of the area by name: clear, cloud, shadow, snow, and covered by any pixel.
    """
    found = seen[inside]
    counted = {name: float((found == code).mean()) for name, code in SHARES.items()}
    return {**counted, 'covered': float((found != Seen.NOTHING).mean())}


@dataclass(frozen=True, eq=False)
class Look:
    """One overpass as it shows an area.

    Args:
        overpass: its images.
        seen: codes of ``Seen`` on the coarse grid.
        inside: pixels of the area.
    """

    overpass: Overpass
    seen: np.ndarray
    inside: np.ndarray

    @cached_property
    def shares(self) -> dict[str, float]:
        """As ``shares`` counts them."""
        return shares(self.seen, self.inside)


class Looker:
    """Looks at images of an area by their overviews, and remembers which are of no use.

    Args:
        area: the area.
        offset: what a person has decided about the offset; None to tell from each item.

    Attributes:
        refused: why images are left out, by their names.
        item_shares: what each image by itself shows of the area.
    """

    def __init__(self, area: Area, offset: int | None = None) -> None:
        self.area, self._offset = area, offset
        rows, cols = area.grid.shape
        factor = max(1, math.ceil(max(rows, cols) / LOOK_SIDE))
        shape = (math.ceil(rows / factor), math.ceil(cols / factor))
        place = area.grid.transform @ Affine.scale(factor)
        self.grid = RasterGrid(area.crs, place, shape)
        self.inside = self.grid.inside([area.on_grid], all_touched=True)
        self.refused: dict[str, DfpenetError] = {}
        self.item_shares: dict[str, dict[str, float]] = {}
        self._seen: dict[str, np.ndarray] = {}
        self._decided: dict[str, OffsetDecision] = {}

    @property
    def whole(self) -> Window:
        """The window of the coarse grid."""
        return Window(0, 0, self.grid.shape[1], self.grid.shape[0])

    def look(self, overpass: Overpass) -> Look | None:
        """Look at the images of an overpass.

        Returns:
            What they show together; None if none of them can be read.
        """
        together: np.ndarray | None = None
        usable = []
        for item in overpass.items:
            seen = self._look_at(item)
            if seen is not None:
                usable.append(item)
                together = seen if together is None else laid_over(together, seen)
        if together is None:
            return None
        return Look(Overpass(tuple(usable)), together, self.inside)

    def _look_at(self, item: SourceItem) -> np.ndarray | None:
        if item.id in self.refused:
            return None
        if item.id not in self._seen:
            try:
                if item.missing:
                    raise ItemRefusedError(
                        f'{item.id} has no file of {", ".join(item.missing)}; choose another '
                        f'image, or name the right collection'
                    )
                with ItemReader(item, self.grid) as reader:
                    seen = seen_of(reader.read(SCL, self.whole, classes=True))
            except DfpenetError as error:
                self.refused[item.id] = error
                return None
            self._seen[item.id] = seen
            self.item_shares[item.id] = shares(seen, self.inside)
        return self._seen[item.id]

    def decide(self, items: Sequence[SourceItem]) -> Mapping[str, OffsetDecision] | None:
        """Decide about the offsets of images by their values.

        Returns:
            Decisions by name; None if one of them was refused, and they have to be chosen anew.
        """
        for item in items:
            if item.id in self._decided:
                continue
            try:
                self._decided[item.id] = decide_offset(item, self._lows(item), self._offset)
            except DfpenetError as error:
                self.refused[item.id] = error
                return None
        return {item.id: self._decided[item.id] for item in items}

    def _lows(self, item: SourceItem) -> dict[str, float] | None:
        """Return the low percentile of every band on clear ground; None if there is too little."""
        clear = self._seen[item.id] == Seen.CLEAR
        with ItemReader(item, self.grid, nearest=True) as reader:
            bands = reader.read_bands(self.whole)
        # An image may lack a band where it has another, as at the edge of a swath.
        clear &= (bands > 0).all(axis=0)
        if clear.sum() < FEWEST:
            return None
        lows = np.percentile(bands[:, clear], PERCENTILE, axis=1)
        return dict(zip(BANDS, lows.tolist(), strict=True))
