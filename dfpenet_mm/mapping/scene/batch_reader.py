"""Chips of a scene: in batches for the predictor, and as a sample spread over the scene."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource

# GDAL keeps decoded blocks up to a share of the machine's memory unless told. This holds the
# rows of blocks that two rows of windows share in a scene of 3 bytes a pixel, 80,000 wide.
CACHE_BYTES = 256 * 2**20


def make_chip(
    bands: np.ndarray, valid: np.ndarray, scaling: FittedScaling, window: int
) -> np.ndarray:
    """Scale a window's pixels, hide its nodata and pad it to the window size.

    Nodata becomes the mean of the chip's valid pixels: the value with the faintest edge,
    so that the rim of a scene does not read as a scarp.

    Args:
        bands: shape (B, H, W), float32, the scene's units, finite.
        valid: shape (H, W), bool, at least one True.
        scaling: brings bands to training units.
        window: side of the chip, pixels, at least H and W.

    Returns:
        Shape (B, window, window), float32, training units; the scene lies at the upper
        left and is mirrored beyond its end.
    """
    chip = scaling.apply(bands)
    if not valid.all():
        chip[:, ~valid] = chip[:, valid].mean(axis=1, keepdims=True)
    rows, cols = valid.shape
    if (rows, cols) != (window, window):
        chip = np.pad(chip, ((0, 0), (0, window - rows), (0, window - cols)), 'symmetric')
    return chip


@dataclass(frozen=True)
class Batch:
    """The windows of one call of the predictor.

    Args:
        windows: all windows of the batch.
        wanted: for each, where it is to be mapped (valid, and inside of the area of interest),
            bool, shape (rows, cols).
        run: the windows with such a pixel.
        chips: their pixels, float32, shape (run, bands, window, window), training units; None
            if there are none.
    """

    windows: Sequence[Window]
    wanted: Sequence[np.ndarray]
    run: Sequence[Window]
    chips: np.ndarray | None


class BatchReader:
    """Reads batches in any number of threads, each with a handle of its own.

    Args:
        scene: the raster.
        scaling: brings its values to training units.
        window: side of a chip, pixels.
        aoi: the area to map; None for all of it.
    """

    def __init__(
        self,
        *,
        scene: SceneSource,
        scaling: FittedScaling,
        window: int,
        aoi: AreaOfInterest | None = None,
    ) -> None:
        self._source = scene
        self._scaling = scaling
        self._window = window
        self._aoi = aoi
        self._idle: SimpleQueue[Scene] = SimpleQueue()
        self._opened = ExitStack()

    def read(self, windows: Sequence[Window]) -> Batch:
        """Read a batch.

        Raises:
            InputFileError: if the scene is damaged there.
        """
        wanted, run, chips = [], [], []
        with self._lend_scene() as scene:
            for window in windows:
                chip, mapped = self._read_window(scene, window)
                wanted.append(mapped)
                if chip is not None:
                    run.append(window)
                    chips.append(chip)
        return Batch(windows, wanted, run, np.stack(chips) if chips else None)

    def _read_window(self, scene: Scene, window: Window) -> tuple[np.ndarray | None, np.ndarray]:
        area = self._aoi.inside(window) if self._aoi else None
        if area is not None and not area.any():
            return None, area
        bands, valid = scene.read(window)
        # The network sees what lies around the area; it is only not mapped.
        wanted = valid if area is None else valid & area
        if not wanted.any():
            return None, wanted
        return make_chip(bands, valid, self._scaling, self._window), wanted

    @contextmanager
    def _lend_scene(self) -> Iterator[Scene]:
        # A handle serves one thread at a time, whichever it is.
        try:
            scene = self._idle.get_nowait()
        except Empty:
            scene = self._opened.enter_context(self._source.open())
        try:
            yield scene
        finally:
            self._idle.put(scene)

    def close(self) -> None:
        """Close the handles; no thread may be reading."""
        self._opened.close()


# Windows with more nodata than this are passed over while there are others.
LEAST_VALID = 0.5


def sample_chips(
    scene: Scene, scaling: FittedScaling, *, window: int, count: int, seed: int = 0
) -> np.ndarray:
    """Make chips of windows that lie anywhere in a scene.

    Args:
        scene: the open scene.
        scaling: brings its values to training units.
        window: side of a window, pixels.
        count: most chips, at least 1; windows do not overlap, so that a small scene gives
            fewer.
        seed: of the order in which windows are tried.

    Returns:
        Shape (N, B, window, window), float32, training units. Mostly valid windows come first.

    Raises:
        EmptySceneError: if no window has a valid pixel.
        InputFileError: if the scene is damaged.
    """
    plan = WindowPlan(scene.shape, window, window)
    windows = [found for block in plan.blocks for found in block.windows]
    full: list[np.ndarray] = []
    partial: list[np.ndarray] = []
    for index in np.random.default_rng(seed).permutation(len(windows)):
        bands, valid = scene.read(windows[index])
        if valid.any():
            chips = full if valid.mean() >= LEAST_VALID else partial
            if len(chips) < count:
                chips.append(make_chip(bands, valid, scaling, window))
        if len(full) == count:
            break
    chosen = (full + partial)[:count]
    if not chosen:
        raise EmptySceneError(f'{scene.path} has no valid pixel; give another image')
    return np.stack(chosen)
