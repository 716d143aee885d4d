"""Read batches of windows into chips: what can be done before the predictor's turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.chips import make_chip
from dfpenet_mm.mapping.scene.fitted_scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.mapping.scene.scene_source import SceneSource


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
