"""The inventory as tables: landslides and rejected regions numbered and measured, headscarps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import areas
from dfpenet_mm.vocabulary import NODATA
from postproc.evaluation.pixel_comparison import near
from postproc.inventory.fields import (
    HEADSCARP_FIELDS,
    LANDSLIDE_FIELDS,
    REJECTED_FIELDS,
    TERRAIN_FIELDS,
    names,
)
from postproc.inventory.measures import measure, to_lon_lat
from postproc.masks.burner import PolygonBurner, pixel_bounds
from postproc.masks.product_rasters import open_role, scene_windows
from postproc.masks.zonal_statistics import zonal_statistics
from postproc.product import LandslideProduct
from postproc.terrain.dem import DEM
from postproc.terrain.landslide_terrain import terrain_attributes

KINDS = ('headscarp', 'toe')
HEADSCARP_COLUMNS = tuple(f'{kind}_{part}' for kind in KINDS for part in ('x', 'y', 'm'))


def headscarp_points(landslides: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lay headscarps and toes out as points, those of a landslide one after the other.

    Args:
        landslides: with the columns id and ``HEADSCARP_COLUMNS``: map units and metres, null
            without elevations.

    Returns:
        One row a point with the columns of ``HEADSCARP_FIELDS``, in the same CRS; a landslide
        without elevations has none.
    """
    tables = [_of_kind(landslides, kind) for kind in KINDS]
    table = pd.concat(tables).dropna(subset=['x', 'y'])
    table = table.sort_values('landslide_id', kind='stable').reset_index(drop=True)
    points = shapely.points(table[['x', 'y']].to_numpy(dtype=float))
    return gpd.GeoDataFrame(table[names(HEADSCARP_FIELDS)], geometry=points, crs=landslides.crs)


def _of_kind(landslides: gpd.GeoDataFrame, kind: str) -> pd.DataFrame:
    columns = {
        'landslide_id': landslides['id'].to_numpy(),
        'kind': np.full(len(landslides), kind),
        'elevation_m': landslides[f'{kind}_m'].to_numpy(dtype=float),
        'x': landslides[f'{kind}_x'].to_numpy(dtype=float),
        'y': landslides[f'{kind}_y'].to_numpy(dtype=float),
    }
    return pd.DataFrame(columns)


# Centroids that differ by less are level (1e-7 degrees: 1 cm), so that rounding in the
# arithmetic never swaps two numbers.
LEVEL_DECIMALS = 7
PRE_EVENT = ('pre_coverage', 'pre_share', 'pre_persistence')


@dataclass(frozen=True)
class InventoryTables:
    """The tables of an inventory.

    Args:
        landslides: numbered from 1.
        rejected: what hooks took away, numbered on from there, with hook and reason; or None.
        headscarps: points where landslides begin and end; None without a DEM.
    """

    landslides: gpd.GeoDataFrame
    rejected: gpd.GeoDataFrame | None
    headscarps: gpd.GeoDataFrame | None


def tabulate(product: LandslideProduct) -> InventoryTables:
    """Number and measure what the hooks left and what they rejected.

    Args:
        product: with its ``probability`` and ``mask`` rasters, and the layer ``dem``, as far as
            there are any.

    Returns:
        Tables whose columns are those of ``fields.py`` (of the terrain with a DEM only), then
        columns of earlier hooks, then the geometry. A field that no hook filled is null.

    Raises:
        InputFileError: if a raster is unreadable.
        RasterFormatError: if the DEM is none.
        GridMismatchError: if the mask or the probability is on another grid, or the DEM lies
            beside the scene.
    """
    rejected = product.landslides.iloc[:0] if product.rejected is None else product.rejected
    # Together, so that windows are read once; where both claim a pixel, the landslide has it.
    regions = gpd.GeoDataFrame(
        geometry=np.concatenate([rejected.geometry.to_numpy(), product.landslides.geometry]),
        crs=product.landslides.crs,
    )
    fields = measure(regions).assign(
        **_probability(product, regions), touches_edge=touches_edge(product, regions)
    )
    if DEM in product.layers:
        dem = product.layers[DEM]
        terrain = terrain_attributes(regions, product.grid, dem, folder=product.out_dir)
        fields = fields.join(terrain)
    count = len(rejected)
    landslides = _numbered(product.landslides, fields.iloc[count:], product.grid, 1)
    taken = _numbered(rejected, fields.iloc[:count], product.grid, 1 + len(landslides))
    shown = [*names(LANDSLIDE_FIELDS), *(names(TERRAIN_FIELDS) if DEM in product.layers else ())]
    return InventoryTables(
        landslides=_arranged(landslides, shown, []),
        rejected=_arranged(taken, shown, names(REJECTED_FIELDS)) if count else None,
        headscarps=headscarp_points(landslides) if DEM in product.layers else None,
    )


def _probability(product: LandslideProduct, regions: gpd.GeoDataFrame) -> dict[str, np.ndarray]:
    if 'probability' not in product.rasters:
        return dict.fromkeys(('mean_probability', 'p10_probability'), np.full(len(regions), np.nan))
    with open_role(product, 'probability') as probability:
        masked = not _nodata_is_nan(probability)
        table = zonal_statistics(
            regions.geometry.to_numpy(),
            product.grid,
            lambda window: [probability.read(1, window=window, masked=masked)],
            ['probability'],
            ['mean', 'p10'],
        )['probability']
    return {f'{name}_probability': table[name].to_numpy() for name in table}


def _nodata_is_nan(dataset: DatasetReader) -> bool:
    """Tell whether pixels alone say what is no data, so that no mask has to be made of them."""
    (flags,) = dataset.mask_flag_enums[:1]
    if flags == [MaskFlags.nodata]:
        return bool(np.isnan(dataset.nodata))
    return flags == [MaskFlags.all_valid]


def _numbered(
    regions: gpd.GeoDataFrame, fields: pd.DataFrame, grid: RasterGrid, first: int
) -> gpd.GeoDataFrame:
    """Give the fields to the regions, sort them north to south, west to east, and count."""
    own = regions.drop(columns=[name for name in ('id', *fields) if name in regions])
    table = own.reset_index(drop=True).join(fields.reset_index(drop=True))
    # West to east of the scene, which may lie across the antimeridian.
    middle, _ = to_lon_lat(grid.crs).transform(*grid.center)
    east = (table['lon'] - middle + 180.0) % 360.0
    north = table['lat'].round(LEVEL_DECIMALS)
    order = np.lexsort((east.round(LEVEL_DECIMALS), -north))
    table = table.iloc[order].reset_index(drop=True)
    filled = {name: np.nan for name in PRE_EVENT if name not in table}
    return table.assign(id=np.arange(first, first + len(table)), **filled)


def _arranged(
    table: gpd.GeoDataFrame, first: Sequence[str], last: Sequence[str]
) -> gpd.GeoDataFrame:
    geometry = table.geometry.name
    placed = {*first, *last, geometry, *HEADSCARP_COLUMNS}
    others = [name for name in table if name not in placed]
    return table[[*first, *others, *last, geometry]]


def clean_regions(regions: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int, int]:
    """Mend invalid polygons, take heights off, and leave out what has no area.

    The engine's regions need nothing of it; a site's own hook may draw anything.

    Args:
        regions: geometries of any kind.

    Returns:
        Those that have an area, with all their columns (``regions`` itself when nothing was to
        do), how many of them were mended, and how many rows were left out.
    """
    before = regions.geometry.to_numpy()
    broken = ~shapely.is_valid(before) & ~shapely.is_missing(before)
    geometries = areas(before)
    areal = ~shapely.is_empty(geometries)
    if areal.all() and all(map(is_, before, geometries)):
        return regions, 0, 0
    cleaned = regions.set_geometry(gpd.GeoSeries(geometries, index=regions.index, crs=regions.crs))
    kept = cleaned[areal].reset_index(drop=True)
    return kept, int((broken & areal).sum()), int((~areal).sum())


# Pixels that share a side or a corner are no farther apart.
NEIGHBOUR_PX = 2**0.5
# Vertices on the edge come back from map units with this error at most, pixels.
ON_THE_EDGE = 1e-3


def touches_edge(product: LandslideProduct, regions: gpd.GeoDataFrame) -> np.ndarray:
    """Tell which regions reach the edge of the scene, or a nodata pixel (at a corner too).

    Args:
        product: lends its grid and its ``mask``; without one only the scene's edge counts.
        regions: polygons on the grid.

    Returns:
        Boolean, shape (regions,). A region without any pixel centre is seen at the scene's edge
        only.

    Raises:
        InputFileError: if the mask is unreadable.
        GridMismatchError: if it is on another grid.
    """
    geometries = regions.geometry.to_numpy()
    bounds = pixel_bounds(geometries, product.grid.transform)
    touching = _at_scene_edge(bounds, product.grid)
    if 'mask' not in product.rasters or not len(geometries):
        return touching
    with open_role(product, 'mask') as mask:
        burner = PolygonBurner(geometries, product.grid.transform)
        for window in scene_windows(product.grid.shape):
            # Few windows have nodata, and most of a large scene may have no region.
            beside = _beside_nodata(mask, window) if burner.rows_near(window).size else None
            if beside is not None:
                flat, rows = burner.pixels(window)
                touching[rows[beside.ravel()[flat]]] = True
    return touching


def _at_scene_edge(bounds: np.ndarray, grid: RasterGrid) -> np.ndarray:
    left, top, right, bottom = bounds.T
    rows, cols = grid.shape
    return np.any(
        [side <= ON_THE_EDGE for side in (left, top, cols - right, rows - bottom)], axis=0
    )


def _beside_nodata(mask: DatasetReader, window: Window) -> np.ndarray | None:
    """Return True on pixels of the window that are nodata or have such a neighbour, of eight.

    None where there is no nodata.
    """
    row, col = int(window.row_off), int(window.col_off)
    above, before = min(row, 1), min(col, 1)
    height, width = int(window.height), int(window.width)
    haloed = Window(
        col - before,
        row - above,
        min(col + width + 1, mask.width) - col + before,
        min(row + height + 1, mask.height) - row + above,
    )
    nodata = mask.read(1, window=haloed) == NODATA
    if not nodata.any():
        return None
    return near(nodata, NEIGHBOUR_PX)[above : above + height, before : before + width]
