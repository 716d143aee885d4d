"""Height, slope, direction, headscarp and toe of every landslide, from a DEM."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd

from dfpenet_mm.grid import RasterGrid
from postproc.inventory.measures import GEOD, to_lon_lat
from postproc.masks.burner import placed
from postproc.masks.warped_layer import WarpedLayer
from postproc.masks.zonal_statistics import zonal_statistics
from postproc.terrain.dem import ElevationLayer, check_dem
from postproc.terrain.dem_tiles import write_derivatives

BANDS = ('slope', 'aspect_east', 'aspect_north')
# Directions of slopes that face each other leave no mean direction.
SHORTEST_MEAN = 1e-6


def terrain_attributes(
    landslides: gpd.GeoDataFrame, grid: RasterGrid, dem: Path, *, folder: Path | None = None
) -> pd.DataFrame:
    """Describe the terrain under every landslide.

    Slope and aspect are computed on the DEM's own grid from ground distances, and then
    resampled to the scene as the elevations are (bilinear); aspect by its components.

    Args:
        landslides: polygons in the scene's CRS that do not overlap.
        grid: the scene's grid.
        dem: elevations in metres or declared feet, one band, on any grid and in any CRS.
        folder: where a temporary raster may stand; None for the system's.

    Returns:
        One row a landslide, same index, float64, NaN where the DEM has no data: elev_min_m,
        elev_max_m and relief_m, their difference; slope_mean_deg, slope_max_deg; aspect_deg,
        the mean direction down the slope in [0, 360), clockwise from true north (circular
        mean; level cells have none); travel_angle_deg, the atan of relief over the distance
        on the ground between headscarp and toe (H/L; NaN where both are one pixel);
        dem_coverage, the share of pixels with an elevation; the headscarp, the highest pixel:
        headscarp_x and headscarp_y of its centre in map units and headscarp_m; likewise the
        toe, the lowest. Where the coverage is below 1 they describe the part that is covered.

    Raises:
        InputFileError: if the DEM is missing or unreadable.
        RasterFormatError: as ``check_dem``.
        GridMismatchError: if it lies beside the scene.
        OutputError: if the folder cannot take the temporary raster.

    Source: H/L as Heim 1932 and Corominas 1996 use it; slope and aspect: Horn 1981.
    """
    check_dem(dem, grid)
    geometries = landslides.geometry.to_numpy()
    with TemporaryDirectory(prefix='.part-', dir=folder) as temporary, ExitStack() as stack:
        derived = write_derivatives(dem, Path(temporary) / 'terrain.tif', BANDS, geometries, grid)
        elevation = stack.enter_context(ElevationLayer(dem, grid))
        terrain = stack.enter_context(WarpedLayer(derived, grid, bands=(1, 2, 3)))
        tables = zonal_statistics(
            geometries,
            grid,
            lambda window: [*elevation.read(window), *terrain.read(window)],
            ('elevation', *BANDS),
            ('pixels', 'count', 'min', 'max', 'argmin', 'argmax', 'mean'),
        )
    columns = _attributes(tables, grid)
    return pd.DataFrame(columns, dtype=float).set_index(landslides.index)


def _attributes(tables: dict[str, pd.DataFrame], grid: RasterGrid) -> dict[str, np.ndarray]:
    heights = {name: column.to_numpy() for name, column in tables['elevation'].items()}
    headscarp, toe = (_centres(heights[name], grid) for name in ('argmax', 'argmin'))
    relief = heights['max'] - heights['min']
    distance = _ground_distances(headscarp, toe, grid)
    # Headscarp and toe in one pixel: 0 / 0, which has no angle.
    with np.errstate(invalid='ignore'):
        travel_angle = np.degrees(np.arctan(relief / distance))
        coverage = heights['count'] / heights['pixels']
    return {
        'elev_min_m': heights['min'],
        'elev_max_m': heights['max'],
        'relief_m': relief,
        'slope_mean_deg': tables['slope']['mean'],
        'slope_max_deg': tables['slope']['max'],
        'aspect_deg': mean_direction(
            tables['aspect_east']['mean'].to_numpy(), tables['aspect_north']['mean'].to_numpy()
        ),
        'travel_angle_deg': travel_angle,
        # A landslide beside the scene has no pixel, and so none with an elevation.
        'dem_coverage': np.nan_to_num(coverage),
        'headscarp_x': headscarp[0],
        'headscarp_y': headscarp[1],
        'headscarp_m': heights['max'],
        'toe_x': toe[0],
        'toe_y': toe[1],
        'toe_m': heights['min'],
    }


def mean_direction(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Return the direction of mean unit vectors, degrees clockwise from north, in [0, 360).

    NaN without data, and where the vectors cancel.
    """
    degrees = np.degrees(np.arctan2(east, north)) % 360.0
    # -1e-15 % 360 is 360.
    degrees = np.where(degrees == 360.0, 0.0, degrees)
    return np.where(np.hypot(east, north) > SHORTEST_MEAN, degrees, np.nan)


def _centres(pixels: np.ndarray, grid: RasterGrid) -> tuple[np.ndarray, np.ndarray]:
    """Return map coordinates (x, y) of pixels' centres from their numbers; NaN stays."""
    row, col = np.divmod(pixels, grid.shape[1])
    return placed(grid.transform, col + 0.5, row + 0.5)


def _ground_distances(
    start: tuple[np.ndarray, np.ndarray], end: tuple[np.ndarray, np.ndarray], grid: RasterGrid
) -> np.ndarray:
    """Return geodesic distances between map coordinates, metres; NaN stays."""
    lon_lat = to_lon_lat(grid.crs)
    known = np.isfinite(start[0])
    ends = [coordinate[known] for place in (start, end) for coordinate in lon_lat.transform(*place)]
    distances = np.full(len(known), np.nan)
    if known.any():
        distances[known] = GEOD.inv(*ends)[2]
    return distances
