"""Products of a mapping run, as the report and its figures read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
import shapely
from shapely.geometry.base import BaseGeometry

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import READ_ERRORS, areas, read_polygons
from dfpenet_mm.report.backdrop import Backdrop, dimmed_outside, read_backdrop
from dfpenet_mm.review import ReviewStatus, review_status
from dfpenet_mm.source_files import require_file
from dfpenet_mm.vocabulary import AREA_OF_INTEREST, LANDSLIDES, REJECTED, REVIEWED_AREA, SUMMARY

# Rows or columns of a picture of the scene: sharp on a laptop's screen, some 500 kB as JPEG.
BACKDROP_SIDE = 1800
INVENTORY = 'landslides.gpkg'
LAYERS = (LANDSLIDES, REJECTED)


@dataclass(frozen=True)
class RunProducts:
    """The products of one run and the images they were made from.

    Args:
        folder: holds ``mask.tif`` and, if the hooks wrote them, ``landslides.gpkg``,
            ``area_of_interest.gpkg``, ``evaluation.tif``, ``evaluation.gpkg``,
            ``statistics.png``, ``figures/``.
        summary: as in ``summary.json``.
        landslides: the inventory, in the CRS of the scene.
        rejected: what hooks took away, with columns ``hook`` and ``reason``; None without any.
        post: the post-event image.
        pre: the pre-event image, on any grid; None without one.
        bands: of red, green and blue in both images, numbered from 1.
        by_colour: whether bands 1, 2, 3 are those that an image calls so.
        nodata: values that are no data in either image, besides what they declare.
    """

    folder: Path
    summary: Mapping[str, Any]
    landslides: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame | None
    post: Path
    pre: Path | None = None
    bands: tuple[int, int, int] = (1, 2, 3)
    by_colour: bool = True
    nodata: tuple[float, ...] = ()

    @classmethod
    def read(cls, folder: Path, *, post: Path, pre: Path | None = None) -> RunProducts:
        """Read the products of a finished run, as they are now.

        Args:
            folder: output folder of the run.
            post: the post-event image that was mapped.
            pre: the pre-event image; None to do without.

        Raises:
            InputFileError: if the folder lacks the summary or the inventory, or they cannot be
                read.
        """
        summary = read_summary(folder / SUMMARY)
        landslides, rejected = read_layers(_find_inventory(folder, summary))
        return cls(
            folder=folder,
            summary=summary,
            rejected=rejected,
            landslides=landslides,
            post=post,
            pre=pre,
            **recorded_reading(summary),
        )

    @cached_property
    def grid(self) -> RasterGrid:
        """Grid of the post-event scene and of every raster of the run."""
        with rasterio.open(self.folder / 'mask.tif') as source:
            return RasterGrid.from_dataset(source)

    @property
    def reading(self) -> dict[str, Any]:
        """Options of ``read_backdrop`` for either image."""
        return {'bands': self.bands, 'by_colour': self.by_colour, 'nodata': self.nodata}

    @cached_property
    def backdrops(self) -> Mapping[str, Backdrop]:
        """The images by role (``post``, ``pre``), decimated, on one grid; read once."""
        return {role: self.picture(role, self.grid, BACKDROP_SIDE) for role in self.images}

    @property
    def images(self) -> dict[str, Path]:
        """The images by role: ``post``, and perhaps ``pre``."""
        return {'post': self.post} | ({} if self.pre is None else {'pre': self.pre})

    def picture(
        self, role: str, grid: RasterGrid, max_side: int, limits: np.ndarray | None = None
    ) -> Backdrop:
        """Draw an image on a part of the scene, dark outside the area of interest.

        Args:
            role: ``post`` or ``pre``.
            grid: of the part.
            max_side: most rows or columns wanted.
            limits: as of ``read_backdrop``.

        Raises:
            InputFileError: if the image cannot be read.
        """
        backdrop = read_backdrop(
            self.images[role], grid=grid, max_side=max_side, limits=limits, **self.reading
        )
        return backdrop if self.area is None else dimmed_outside(backdrop, self.area)

    @cached_property
    def area(self) -> BaseGeometry | None:
        """The area of interest, in the scene's CRS; None for the whole scene."""
        return read_area(self.folder, self.grid)

    @cached_property
    def reviewed_area(self) -> gpd.GeoDataFrame | None:
        """Ground where an analyst looked at everything, in the scene's CRS; None without any."""
        table = self.layer(inventory_name(self.summary), REVIEWED_AREA)
        if table is None or table.crs is None:
            return None
        shapes = areas(table.geometry.to_crs(self.grid.crs).to_numpy())
        table = table.set_geometry(gpd.GeoSeries(shapes, crs=self.grid.crs))
        kept = table[~table.geometry.is_empty].reset_index(drop=True)
        return kept if len(kept) else None

    @cached_property
    def review(self) -> ReviewStatus:
        """The part of the map that an analyst has looked at."""
        table, ground = self.reviewed_area, 0.0
        area = None if table is None else table.geometry.union_all()
        if area is not None:
            backdrop = self.backdrops['post']
            mapped = backdrop.colours[..., 3] > 0
            if self.area is not None:
                mapped &= backdrop.grid.inside([self.area])
            ground = float((mapped & backdrop.grid.inside([area])).sum() / max(mapped.sum(), 1))
        return review_status(self.landslides, area, ground=ground, others=(table, self.rejected))

    def product(self, name: str) -> Path | None:
        """Return the path of a product, such as ``evaluation.tif``; None if there is none."""
        path = self.folder / name
        return path if path.is_file() else None

    @property
    def evaluations(self) -> list[Mapping[str, Any]]:
        """Results of the comparisons with a reference, in the order of the run."""
        return list((self.summary.get('evaluation') or {}).values())

    def evaluation_file(self, suffix: str) -> Path | None:
        """Return the last file that a comparison wrote, such as its ``.tif``; or None."""
        names = [name for result in self.evaluations for name in result.get('files') or ()]
        paths = [self.product(name) for name in reversed(names) if name.endswith(suffix)]
        return next((path for path in paths if path is not None), None)

    def layer(self, name: str, layer: str) -> gpd.GeoDataFrame | None:
        """Read a layer of a GeoPackage of the run; None if either is missing."""
        path = self.product(name)
        if path is None or layer not in pyogrio.list_layers(path)[:, 0]:
            return None
        return gpd.read_file(path, layer=layer)


def image_reading(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Choose how images are shown, options of ``read_backdrop``.

    Args:
        mapping: how a run read them. Of the network's bands the first three are shown as red,
            green and blue, a single one as grey.
    """
    bands = tuple(mapping.get('bands') or RunProducts.bands)
    return {
        'bands': bands[:3] if len(bands) >= 3 else bands[:1] * 3,
        'by_colour': mapping.get('by_colour', True),
        'nodata': tuple(mapping.get('nodata') or ()),
    }


def recorded_reading(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Choose the same from a run's summary."""
    return image_reading(summary.get('provenance', {}).get('settings', {}).get('mapping', {}))


def read_area(folder: Path, grid: RasterGrid) -> BaseGeometry | None:
    """Read the area of interest of a run.

    Args:
        folder: of the run.
        grid: in whose CRS it is wanted.

    Returns:
        Polygons; None where the whole scene was mapped.

    Raises:
        InputFileError, VectorFormatError: if the file is no longer what the run wrote.
    """
    path = folder / f'{AREA_OF_INTEREST}.gpkg'
    if not path.is_file():
        return None
    area = read_polygons(path, 'area of interest', AREA_OF_INTEREST)
    return shapely.union_all(area.on_grid(grid))


def read_layers(inventory: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Read landslides and, if the file has them, rejected regions, as an analyst left them.

    Args:
        inventory: GeoPackage that a run wrote.

    Returns:
        Both layers; what no ring can be is a missing geometry.

    Raises:
        InputFileError: if it cannot be read, or has no layer ``landslides``.
    """
    require_file(inventory, str(inventory))
    with read_errors(inventory, *READ_ERRORS, advice='give a GeoPackage that landslide-map wrote'):
        names = pyogrio.list_layers(inventory)[:, 0].tolist()
        tables = {
            name: pyogrio.read_dataframe(inventory, layer=name, on_invalid='fix')
            for name in LAYERS
            if name in names
        }
    landslides = tables.get(LAYERS[0])
    if not isinstance(landslides, gpd.GeoDataFrame):
        raise InputFileError(
            f'{inventory} has the layers {", ".join(names)}, wanted is {LAYERS[0]}, with outlines; '
            f'give a GeoPackage that landslide-map wrote'
        )
    return landslides, tables.get(LAYERS[1])


def read_summary(path: Path) -> Mapping[str, Any]:
    """Read a run's ``summary.json``.

    Raises:
        InputFileError: if it cannot be read.
    """
    with read_errors(path, ValueError, advice='give the folder of a finished run'):
        summary = json.loads(path.read_text(encoding='utf-8'))
    if not isinstance(summary, dict):
        raise InputFileError(
            f'{path} holds no JSON object but a {type(summary).__name__}; give the folder of a '
            f'finished run'
        )
    return summary


def inventory_name(summary: Mapping[str, Any]) -> str:
    """Name the GeoPackage that the run's hook wrote, whatever the config calls it."""
    written = (summary.get('results', {}).get('Vectoriser') or {}).get('files', [])
    return next((name for name in written if name.endswith('.gpkg')), INVENTORY)


def _find_inventory(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Return the path of the inventory, which must be there."""
    path = folder / inventory_name(summary)
    if not path.is_file():
        raise InputFileError(
            f'{path} is missing, the report lists its landslides; put it back, or map again with '
            f'a Vectoriser that writes a GeoPackage'
        )
    return path
