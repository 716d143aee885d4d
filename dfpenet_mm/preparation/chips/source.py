"""A scene and the inventory on it, in which chips are counted and from which they are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.mapping.scene.scaling import Scaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.polygons import Polygons
from dfpenet_mm.preparation.chips.inventory_mask import InventoryMask
from dfpenet_mm.preparation.chips.plan import Chip
from dfpenet_mm.vocabulary import LANDSLIDE

# Types that a chip keeps; a network is given float32 of any other.
KEPT_TYPES = ('uint8', 'uint16', 'int16')
BYTE = (0, 255)


class ChipSource:
    """One scene with its labels; to be closed.

    Args:
        path: the scene.
        inventory: the landslides.
        bands: bands of the chips, counted from 1.
        all_touched: True also labels pixels that a polygon touches without their centre.
        nodata: values that are no data, besides what the scene declares.
        by_colour: take for bands 1, 2, 3 those that the scene calls red, green and blue.
        scaling: brings values to a network's training units, as when the scene is mapped; None
            keeps them.

    Attributes:
        mask: the landslides on the scene's grid.
        landslides: how many of them are near the scene.
        unreachable: how many the scene's CRS cannot show.
        dtype: type of the chips.

    Raises:
        InputFileError, RasterFormatError, EmptySceneError, ConfigError: as ``Scene``.
        VectorFormatError: if the inventory cannot be brought into the scene's CRS.
    """

    def __init__(
        self,
        path: Path,
        inventory: Polygons,
        *,
        bands: Sequence[int],
        all_touched: bool = False,
        nodata: Sequence[float] = (),
        by_colour: bool = True,
        scaling: Scaling | None = None,
    ) -> None:
        self.scene = Scene(path, bands=bands, nodata=nodata, by_colour=by_colour)
        self._scaling = scaling.fit(self.scene) if scaling else None
        self.grid = self.scene.grid
        polygons = inventory.on_grid(self.grid)
        self.unreachable = int(shapely.is_empty(polygons).sum())
        self.mask = InventoryMask(polygons, self.grid, all_touched=all_touched)
        self.landslides = len(self.mask)
        self.dtype = np.dtype(self._type())

    def _type(self) -> np.dtype | str:
        if self._scaling:
            clip = self._scaling.clip
            return 'uint8' if clip and tuple(clip) == BYTE else 'float32'
        return self.scene.dtype if self.scene.dtype in KEPT_TYPES else 'float32'

    @property
    def path(self) -> Path:
        """The scene's file."""
        return self.scene.path

    def count(self, chip: Chip, counted: np.ndarray | None = None) -> Chip:
        """Count a chip's landslide and valid pixels.

        Args:
            chip: of this scene.
            counted: pixels that count, shape (rows, cols), bool; None for all.
        """
        _, valid = self.scene.read(chip.window)
        if counted is not None:
            valid = valid & counted
        landslide = self._count_landslides(chip, valid)
        return replace(chip, landslide=landslide, valid=int(np.count_nonzero(valid)))

    def count_hidden(self, chip: Chip, counted: np.ndarray) -> int:
        """Count the landslide pixels of a chip where the scene has no data.

        Args:
            chip: of this scene.
            counted: pixels that count, shape (rows, cols), bool.
        """
        _, valid = self.scene.read(chip.window)
        return self._count_landslides(chip, ~valid & counted)

    def _count_landslides(self, chip: Chip, among: np.ndarray) -> int:
        return int(np.count_nonzero(self.mask.labels(chip.window, among) == LANDSLIDE))

    def cut(
        self, window: Window, counted: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read a chip and its labels.

        Nodata takes the mean of the chip's valid pixels, as it does when a scene is mapped: its
        labels are ignored, but a network sees the edge.

        Args:
            window: pixels of the scene, at least one of them valid.
            counted: pixels that keep their label, shape (rows, cols), bool; None for all.

        Returns:
            Bands, shape (B, rows, cols), of the scene's type or float32, scaled values clipped
            to [0, 255] as uint8; and labels, uint8, shape (rows, cols).
        """
        bands, valid = self.scene.read(window)
        if self._scaling:
            bands = self._scaling.apply(bands)
        if not valid.all():
            bands[:, ~valid] = bands[:, valid].mean(axis=1, keepdims=True)
        if self.dtype.kind in 'ui':
            bands = np.rint(bands)
        if counted is not None:
            valid = valid & counted
        return bands.astype(self.dtype), self.mask.labels(window, valid)

    def close(self) -> None:
        """Close the scene."""
        self.scene.close()


def require_landslides(sources: Sequence[ChipSource], inventory: Polygons) -> None:
    """Raise unless some scene lies where landslides are.

    Raises:
        GridMismatchError: naming the extents of both, in the first scene's CRS.
    """
    if any(source.landslides for source in sources):
        return
    first = sources[0]
    polygons = inventory.on_grid(first.grid)
    polygons = polygons[~shapely.is_empty(polygons)]
    rows, cols = first.grid.shape
    corners = [first.grid.transform @ corner for corner in [(0, 0), (cols, rows)]]
    reach = 'reaches nowhere'
    if polygons.size:
        bounds = np.array([polygon.bounds for polygon in polygons])
        reach = f'reaches from {_place(bounds[:, :2].min(0))} to {_place(bounds[:, 2:].max(0))}'
    others = f' (nor {len(sources) - 1} more)' if len(sources) > 1 else ''
    raise GridMismatchError(
        f'the inventory {inventory.path} {reach} in {first.grid.crs.to_string()[:40]} and misses '
        f'{first.path}{others}, which reaches from {_place(corners[0])} to {_place(corners[1])}; '
        f'give an inventory of the same area, and check the CRS of both'
    )


def _place(point: Sequence[float]) -> str:
    return f'({point[0]:.10g}, {point[1]:.10g})'
