"""The inventory that a product is evaluated against, brought onto the scene's grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from affine import Affine
from pyogrio.errors import DataSourceError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError, InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.source_files import gdal_name, require_file
from dfpenet_mm.vocabulary import NODATA
from dfpenet_mm.wording import counted
from postproc.masks.burner import PolygonBurner
from postproc.masks.polygonise import polygonise
from postproc.masks.product_rasters import WINDOW_SIZE, open_raster, scene_windows
from postproc.reference.reference_raster import check_landslide_value, warp_reference
from postproc.reference.reference_vector import read_landslides


def visible(geometries: np.ndarray, masks: Sequence[Path]) -> np.ndarray:
    """Tell which polygons touch a pixel that is nodata in none of the masks.

    Args:
        geometries: polygons in the masks' CRS, shape (polygons,); they may overlap, and be
            smaller than a pixel.
        masks: rasters on one grid with 255 where nothing is known, at least one.

    Returns:
        Boolean, shape (polygons,).

    Raises:
        InputFileError: if a mask is missing or unreadable.
    """
    seen = np.zeros(len(geometries), dtype=bool)
    with ExitStack() as stack:
        datasets = [stack.enter_context(open_raster(path)) for path in masks]
        transform, shape = datasets[0].transform, datasets[0].shape
        for window, rows, flat in _inner_pixels(geometries, transform, shape):
            seen[rows] = _known(datasets, window).ravel()[flat]
        # Every touched pixel counts: a landslide smaller than a pixel has no centre inside.
        hidden = np.flatnonzero(~seen)
        burner = PolygonBurner(geometries[hidden], transform, all_touched=True)
        for window in scene_windows(shape):
            flat, rows = burner.pixels(window)
            if flat.size:
                seen[hidden[rows[_known(datasets, window).ravel()[flat]]]] = True
    return seen


def _known(masks: Sequence[DatasetReader], window: Window) -> np.ndarray:
    return np.all([mask.read(1, window=window) != NODATA for mask in masks], axis=0)


def _inner_pixels(
    geometries: np.ndarray, transform: Affine, shape: tuple[int, int]
) -> Iterator[tuple[Window, np.ndarray, np.ndarray]]:
    """Find one pixel of every polygon on the scene; most polygons need no other.

    Yields:
        A window, the rows of polygons, and the positions of their pixels in the window's
        flattened pixels.
    """
    inner = shapely.point_on_surface(geometries)
    points, filled = shapely.get_coordinates(inner, return_index=True)
    col, row = (np.floor(side).astype(np.int64) for side in ~transform @ tuple(points.T))
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    filled, row, col = filled[inside], row[inside], col[inside]
    number = row // WINDOW_SIZE * -(-shape[1] // WINDOW_SIZE) + col // WINDOW_SIZE
    order = np.argsort(number, kind='stable')
    windows = list(scene_windows(shape))
    ends = np.searchsorted(number[order], np.arange(len(windows) + 1))
    for window, begin, end in zip(windows, ends[:-1], ends[1:], strict=True):
        if end > begin:
            here = order[begin:end]
            flat = (row[here] - window.row_off) * window.width + col[here] - window.col_off
            yield window, filled[here], flat


@dataclass(frozen=True)
class Reference:
    """A reference inventory on a scene's grid.

    Args:
        regions: one reference landslide a row, a valid polygon in the scene's CRS.
        mask: uint8 raster on the scene's grid with 255 where the reference knows nothing;
            None for a vector, which knows the whole scene.
        ignored: features that were no polygons, or lie where the scene's CRS cannot reach.
        outside: reference landslides without a valid pixel of the scene.
        notes: what was not taken as it stands in the file, a sentence each.
    """

    regions: gpd.GeoDataFrame
    mask: Path | None = None
    ignored: int = 0
    outside: int = 0
    notes: tuple[str, ...] = ()


def is_raster(path: Path, role: str = 'reference', layer: str | None = None) -> bool:
    """Tell a raster from a vector file, which may be a folder, by opening it.

    A GeoPackage may be both, such as landslides and a basemap: then its landslides are meant.

    Args:
        path: the file.
        role: what it is for, in messages.
        layer: that was named; only a vector file has layers.

    Raises:
        InputFileError: if there is no such file, or it is a pipe.
        RasterFormatError: if it only holds several rasters.
    """
    require_file(path, f'the {role} {path}')
    if layer is not None:
        return False
    try:
        with open_raster(path, f'the {role} {path}') as dataset:
            return dataset.driver != 'GPKG' or not _has_layers(path)
    except InputFileError:
        return False
    except RasterFormatError:
        if _has_layers(path):
            return False
        raise


def _has_layers(path: Path) -> bool:
    try:
        return any(kind is not None for _, kind in pyogrio.list_layers(gdal_name(path)))
    except DataSourceError:
        return False


def check_reference(
    path: Path, grid: RasterGrid, *, layer: str | None = None, landslide_value: int = 1
) -> None:
    """Find out before a scene is mapped whether it can be evaluated against a reference.

    What is left to ``read_reference`` is whether the reference's landslides lie on valid pixels.

    Args:
        path: vector file or folder, or raster file.
        grid: the scene's grid.
        layer: as for ``read_reference``.
        landslide_value: likewise.

    Raises:
        InputFileError: if it is missing or unreadable.
        RasterFormatError: if a raster has several bands, no CRS, or no pixel of
            ``landslide_value`` on the scene.
        VectorFormatError: if a vector has no CRS, polygon or such layer.
        GridMismatchError: if it does not overlap the scene.
    """
    if is_raster(path, layer=layer):
        check_landslide_value(path, grid, landslide_value)
        return
    regions = read_landslides(path, grid.crs, layer, center_x=grid.center[0]).table
    rows, cols = grid.shape
    burner = PolygonBurner(regions.geometry.to_numpy(), grid.transform)
    if not burner.rows_near(Window(0, 0, cols, rows)).size:
        raise GridMismatchError(
            f'none of {counted(len(regions), "landslide")} of the reference {path} lies on the '
            f'scene grid {grid}; give the reference of this place, and check its CRS'
        )


def read_reference(
    path: Path, mask: Path, warped: Path, *, layer: str | None = None, landslide_value: int = 1
) -> Reference:
    """Read a reference and keep the landslides that a scene can show.

    Args:
        path: vector file or folder (FileGDB, shapefiles), or raster file, in any CRS; a raster
            on any grid.
        mask: the scene's mask; its nodata pixels (255) show nothing.
        warped: where a raster reference may be written on the scene's grid.
        layer: layer of a vector file; None takes the only one, or ``landslides``.
        landslide_value: what marks landslides in a raster.

    Returns:
        The reference; at least one landslide has a valid pixel of the scene.

    Raises:
        InputFileError, VectorFormatError: as ``check_reference``.
        RasterFormatError: if a raster has several bands or no CRS.
        GridMismatchError: if no reference landslide lies on a valid pixel of the scene.
    """
    if is_raster(path, layer=layer):
        warp_reference(path, mask, warped, landslide_value)
        reference = Reference(regions=polygonise(warped), mask=warped)
    else:
        with open_raster(mask) as scene:
            grid = RasterGrid.from_dataset(scene)
        found = read_landslides(path, grid.crs, layer, center_x=grid.center[0])
        reference = Reference(found.table, ignored=found.ignored, notes=found.notes)
    seen = visible(reference.regions.geometry.to_numpy(), [mask])
    if not seen.any():
        raise GridMismatchError(
            f'none of {counted(len(seen), "landslide")} of the reference {path} on this grid lies '
            f'on a valid pixel of the scene; give the reference of this place, and check its CRS '
            f'and its landslide value'
        )
    regions = reference.regions[seen].reset_index(drop=True)
    return replace(reference, regions=regions, outside=int((~seen).sum()))
