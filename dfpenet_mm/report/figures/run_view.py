"""A run as its figures show it: stages and reference on one coarse grid, computed once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.ndimage import maximum_filter

from dfpenet_mm.report.figures.class_raster import (
    BURN_SIDE,
    burn,
    in_pixels,
    limited,
    read_reduced,
    reduced,
)
from dfpenet_mm.report.figures.evaluation_codes import IN_REFERENCE, confusion
from dfpenet_mm.report.figures.evaluation_files import evaluation_file
from dfpenet_mm.report.figures.stages import Stage, run_stages
from dfpenet_mm.report.run_products import RunProducts

# What is left at the end, and what the first hook removed; further hooks follow.
LEFT, FIRST_REMOVED = 1, 2


class RunView:
    """What several figures of a run need.

    Args:
        products: of the run.
    """

    def __init__(self, products: RunProducts) -> None:
        self.products = products

    @cached_property
    def stages(self) -> list[Stage]:
        """First what the network recognised, last the inventory."""
        return run_stages(self.products)

    @property
    def has_reference(self) -> bool:
        """Whether the run was evaluated."""
        return self._verdicts is not None

    def fates(self, side: int) -> np.ndarray:
        """Return what became of every region.

        Args:
            side: most rows or columns wanted.

        Returns:
            uint8: ``LEFT``, ``FIRST_REMOVED`` + k where the hook of stage k + 1 removed
            something, 0 elsewhere.
        """
        return self._coarse(self._fates, side)

    def kept_and_removed(self, stage: int, side: int) -> np.ndarray:
        """Return 1 for what a stage left, 2 for what it removed, 0 elsewhere."""
        kept = self._kept(stage).astype(np.uint8)
        if stage:
            kept[self._fates == FIRST_REMOVED + stage - 1] = 2
        return self._coarse(kept, side)

    def reference(self, side: int) -> np.ndarray:
        """Return the reference, 1 where there is a landslide."""
        return self._coarse(np.isin(self._verdicts, IN_REFERENCE).astype(np.uint8), side)

    def judged(self, stage: int, side: int) -> np.ndarray:
        """Return hits, false alarms and misses of a stage; codes as of ``confusion``."""
        return self._coarse(confusion(self._verdicts, self._kept(stage)), side)

    def _kept(self, stage: int) -> np.ndarray:
        removed_later = self._fates >= FIRST_REMOVED + stage
        return (self._fates == LEFT) | removed_later

    def _coarse(self, classes: np.ndarray, side: int) -> np.ndarray:
        return reduced(classes, limited(self.products.grid.shape, side))

    @cached_property
    def _fates(self) -> np.ndarray:
        scene = self.products.grid.shape
        removed = [stage.removed for stage in self.stages[1:]]
        shapes = [*removed, in_pixels(self.products.landslides.geometry, self.products.grid)]
        values = [*range(FIRST_REMOVED, FIRST_REMOVED + len(removed)), LEFT]
        return burn(
            np.concatenate(shapes),
            scene,
            limited(scene, BURN_SIDE),
            np.repeat(values, [len(part) for part in shapes]),
        )

    @cached_property
    def _verdicts(self) -> np.ndarray | None:
        path = evaluation_file(self.products, '.tif')
        if path is None:
            return None
        return read_reduced(path, limited(self.products.grid.shape, BURN_SIDE))


def with_specks(picture: np.ndarray, *, over: int) -> np.ndarray:
    """Widen classes by a cell into the background, so that specks are seen on a page.

    Args:
        picture: classes, uint8, shape (rows, cols).
        over: classes above this one are widened.
    """
    wide = maximum_filter(np.where(picture > over, picture, 0), size=3)
    return np.where((picture == 0) & (wide > 0), wide, picture)
