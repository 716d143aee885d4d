"""What a mapping run left in its folder, as the report and its figures want it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import rasterio

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.backdrop import Backdrop, read_backdrop

# Rows or columns of a picture of the scene: sharp on a laptop's screen, some 500 kB as JPEG.
BACKDROP_SIDE = 1800


@dataclass(frozen=True)
class RunProducts:
    """The products of one run and the images they were made from.

    Args:
        folder: holds ``mask.tif`` and, if the hooks wrote them, ``landslides.gpkg``,
            ``evaluation.tif``, ``evaluation.gpkg``, ``statistics.png``, ``figures/``.
        summary: as in ``summary.json``.
        landslides: the inventory, in the CRS of the scene.
        rejected: what hooks took away, with columns ``hook`` and ``reason``; None without any.
        post: the post-event image.
        pre: the pre-event image, on any grid; None without one.
        bands: of red, green and blue in both images, numbered from 1.
    """

    folder: Path
    summary: Mapping[str, Any]
    landslides: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame | None
    post: Path
    pre: Path | None = None
    bands: tuple[int, int, int] = (1, 2, 3)

    @cached_property
    def grid(self) -> RasterGrid:
        """Grid of the post-event scene and of every raster of the run."""
        with rasterio.open(self.folder / 'mask.tif') as source:
            return RasterGrid.from_dataset(source)

    @cached_property
    def backdrops(self) -> Mapping[str, Backdrop]:
        """The images by role (``post``, ``pre``), decimated, on one grid; read once."""
        images = {'post': self.post, 'pre': self.pre}
        return {
            role: read_backdrop(path, grid=self.grid, bands=self.bands, max_side=BACKDROP_SIDE)
            for role, path in images.items()
            if path is not None
        }

    def product(self, name: str) -> Path | None:
        """Return the path of a product, such as ``evaluation.tif``; None if there is none."""
        path = self.folder / name
        return path if path.is_file() else None

    def layer(self, name: str, layer: str) -> gpd.GeoDataFrame | None:
        """Read a layer of a GeoPackage of the run; None if either is missing."""
        path = self.product(name)
        if path is None or layer not in pyogrio.list_layers(path)[:, 0]:
            return None
        return gpd.read_file(path, layer=layer)
