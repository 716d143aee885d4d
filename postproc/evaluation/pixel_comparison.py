"""Every pixel of a scene judged: hit, false alarm, miss or background."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.ndimage import maximum_filter1d

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import AT_BOUNDARY, NODATA, Verdict
from postproc.evaluation.evaluation_area import EvaluationArea
from postproc.evaluation.scores import Counts
from postproc.masks.burner import PolygonBurner
from postproc.masks.product_rasters import WINDOW_SIZE, Writer, open_raster, scene_windows

# A pixel at exactly the distance is near, though a root may lose its last digit.
ROUNDING = 1e-9


def near(mask: np.ndarray, distance_px: float) -> np.ndarray:
    """Find pixels within a distance of a region.

    Args:
        mask: True in the region, shape (rows, cols).
        distance_px: largest distance between centres of pixels, pixels.

    Returns:
        Boolean, shape (rows, cols); True in the region as well.
    """
    reach = math.floor(distance_px)
    found = mask.copy()
    widened = {}
    for rows in range(min(reach + 1, len(mask))):
        # So many columns to either side are near, so many rows above and below the region.
        half = math.floor(math.sqrt(distance_px**2 - rows**2) + ROUNDING)
        if half not in widened:
            size = 2 * half + 1
            widened[half] = maximum_filter1d(mask, size, axis=1, mode='constant')
        found[rows:] |= widened[half][: len(mask) - rows]
        found[: len(mask) - rows] |= widened[half][rows:]
    return found


def near_polygons(burner: PolygonBurner, window: Window, distance_px: float) -> np.ndarray:
    """Find pixels of a window within a distance of any burnt polygon.

    Args:
        burner: burns the polygons; those outside of the window are seen too.
        window: part of the scene.
        distance_px: as for ``near``.

    Returns:
        Boolean, shape (rows, cols) of the window: the same however a scene is cut.
    """
    halo = math.floor(distance_px)
    wider = Window(
        window.col_off - halo,
        window.row_off - halo,
        window.width + 2 * halo,
        window.height + 2 * halo,
    )
    found = near(burner.inside(wider), distance_px)
    return found[halo : found.shape[0] - halo, halo : found.shape[1] - halo]


@dataclass(frozen=True)
class PixelCounts:
    """Pixels by verdict.

    Args:
        by_verdict: int64, shape (256,).
        tolerance_px: boundary tolerance with which they were judged, 0 without one.
    """

    by_verdict: np.ndarray
    tolerance_px: float = 0.0

    @property
    def strict(self) -> Counts:
        """All pixels, however near a boundary."""
        tp, fp, fn, fp_near, fn_near = self.by_verdict[1:6].tolist()
        return Counts(tp, fp + fp_near, fn + fn_near)

    @property
    def tolerant(self) -> Counts:
        """Pixels but those that the tolerance leaves out."""
        return Counts(*self.by_verdict[1:4].tolist())

    def tolerant_as_dict(self) -> dict[str, float | int | None] | None:
        """Return counts and ratios with the tolerance as JSON values; None without one."""
        if not self.tolerance_px:
            return None
        fp, fn = self.by_verdict[[Verdict.FP_AT_BOUNDARY, Verdict.FN_AT_BOUNDARY]].tolist()
        left_out = {'tolerance_px': self.tolerance_px, 'fp_left_out': fp, 'fn_left_out': fn}
        return left_out | self.tolerant.as_dict()


@dataclass(frozen=True, kw_only=True)
class PixelComparison:
    """Predicted against reference landslides on a scene's pixels.

    Args:
        predicted: predicted landslides in the scene's CRS, polygons of shape (predicted,).
        reference: reference landslides, likewise.
        grid: the scene's grid.
        masks: rasters on it; where any has 255, nothing is compared.
        area: evaluation area, outside of which nothing is compared; None for all of the scene.
        tolerance_px: an FP pixel whose centre is no farther than this from that of a reference
            pixel, and an FN pixel likewise from a predicted pixel, is left to the boundary, in
            pixels; 0 leaves none.
    """

    predicted: np.ndarray
    reference: np.ndarray
    grid: RasterGrid
    masks: Sequence[Path]
    area: EvaluationArea | None = None
    tolerance_px: float = 0.0

    def run(self, sinks: Sequence[Writer] = (), window_size: int = WINDOW_SIZE) -> PixelCounts:
        """Judge all pixels, window by window.

        Args:
            sinks: take every window and its verdicts, uint8, shape (rows, cols).
            window_size: side of a window, pixels; it changes no count.

        Raises:
            InputFileError: if a mask is missing or unreadable.
        """
        counts = np.zeros(256, dtype=np.int64)
        for window, verdicts in self._verdicts(window_size):
            counts += count_verdicts(verdicts)
            for sink in sinks:
                sink(window, verdicts)
        return PixelCounts(counts, self.tolerance_px)

    def _verdicts(self, window_size: int) -> Iterator[tuple[Window, np.ndarray]]:
        # A burner keeps what it found for a row of windows: those with a halo have their own.
        predicted, reference, near_predicted, near_reference = (
            PolygonBurner(landslides, self.grid.transform)
            for landslides in (self.predicted, self.reference) * 2
        )
        area = None if self.area is None else self.area.burner()
        with ExitStack() as stack:
            masks = [stack.enter_context(open_raster(path)) for path in self.masks]
            for window in scene_windows(self.grid.shape, window_size):
                known = _known(window, area, masks)
                if known.any():
                    verdicts = _judge(
                        known, predicted.pixels(window)[0], reference.pixels(window)[0]
                    )
                    self._tolerate(verdicts, Verdict.FP, near_reference, window)
                    self._tolerate(verdicts, Verdict.FN, near_predicted, window)
                else:
                    verdicts = np.full(known.shape, Verdict.NOT_COMPARED, dtype=np.uint8)
                yield window, verdicts

    def _tolerate(
        self, verdicts: np.ndarray, wrong: Verdict, burner: PolygonBurner, window: Window
    ) -> None:
        if not self.tolerance_px:
            return
        mine = verdicts == wrong
        if mine.any():
            near = near_polygons(burner, window, self.tolerance_px)
            verdicts[mine & near] = AT_BOUNDARY[wrong]


def count_verdicts(verdicts: np.ndarray) -> np.ndarray:
    """Count pixels by verdict.

    Args:
        verdicts: uint8, shape (rows, cols).

    Returns:
        Counts, int64, shape (256,).
    """
    # Most pixels are background; bincount widens every pixel that it counts to eight bytes.
    others = verdicts[verdicts != Verdict.BACKGROUND]
    counts = np.bincount(others, minlength=256)
    counts[Verdict.BACKGROUND] = verdicts.size - others.size
    return counts


def _judge(known: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Judge pixels from the positions of both maps' landslide pixels; twice there is as once."""
    verdicts = np.zeros(known.shape, dtype=np.uint8)
    flat = verdicts.ravel()
    flat[predicted] = Verdict.FP
    flat[true] = np.where(flat[true] == Verdict.FP, Verdict.TP, Verdict.FN)
    if not known.all():
        verdicts[~known] = Verdict.NOT_COMPARED
    return verdicts


def _known(
    window: Window, area: PolygonBurner | None, masks: Sequence[DatasetReader]
) -> np.ndarray:
    known = np.ones((window.height, window.width), dtype=bool)
    if area is not None:
        known &= area.inside(window)
    for mask in masks:
        if known.any():
            known &= mask.read(1, window=window) != NODATA
    return known
