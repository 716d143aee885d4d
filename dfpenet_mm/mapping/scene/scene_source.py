"""How any worker opens the scene that another one opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.source_files import absolute_name


@dataclass(frozen=True)
class SceneSource:
    """What names a scene; it pickles.

    Args:
        path: the raster, absolute, as every worker must see it.
        bands: bands to read, from 1.
        grid: grid to read it on; None for its own.
        nodata: values that are no data, besides what the file declares.
    """

    path: Path
    bands: tuple[int, ...]
    grid: RasterGrid | None = None
    nodata: tuple[float, ...] = ()

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """Name an open scene."""
        grid = scene.grid if scene.resampled else None
        return cls(absolute_name(scene.path), scene.bands, grid, scene.nodata)

    def open(self) -> Scene:
        """Open the scene once more; whether it holds any valid pixel is not looked up again.

        Raises:
            InputFileError: if the file cannot be read any more.
        """
        return Scene(
            self.path,
            bands=self.bands,
            grid=self.grid,
            by_colour=False,
            nodata=self.nodata,
            known=True,
        )
