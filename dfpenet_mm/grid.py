"""The grid of a raster: its CRS, transform and shape, and its pixel size in metres."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyproj
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.vocabulary import WGS84

# A projected CRS whose areas, or lengths in any direction, are off by more than this share at
# the point of use (Web Mercator at 60 degrees: areas by 300 %; an equal-area cylinder: lengths)
# is measured on the ellipsoid instead.
MAX_DISTORTION = 0.01


def measures_are_planar(crs: CRS, x: float, y: float) -> bool:
    """Tell whether map units at (x, y) are true enough to measure in the plane.

    Args:
        crs: the coordinates' reference system.
        x: easting or longitude of the place, map units.
        y: northing or latitude of the place, map units.

    Returns:
        True for a projected CRS that keeps areas and lengths within ``MAX_DISTORTION`` at (x, y).
    """
    if not crs.is_projected:
        return False
    lon, lat = _to_degrees(crs).transform(x, y)
    factors = pyproj.Proj(pyproj.CRS.from_user_input(crs)).get_factors(lon, lat)
    scales = (factors.areal_scale, factors.tissot_semimajor, factors.tissot_semiminor)
    return all(abs(scale - 1.0) <= MAX_DISTORTION for scale in scales)


@cache
def _to_degrees(crs: CRS) -> pyproj.Transformer:
    """Return the way to longitudes and latitudes; where there is none, pyproj gives inf.

    Rasterio raises an error of GDAL's there, which is none of its own.
    """
    own = pyproj.CRS.from_user_input(crs)
    return pyproj.Transformer.from_crs(own, WGS84, always_xy=True)


def planar_within(crs: CRS, bounds: Iterable[float]) -> bool:
    """Tell whether map units are true enough to measure in the plane all over an extent.

    Args:
        crs: the coordinates' reference system.
        bounds: left, bottom, right and top, map units.
    """
    left, bottom, right, top = bounds
    corners = itertools.product((left, right), (bottom, top))
    return all(measures_are_planar(crs, x, y) for x, y in corners)


def horizontal(crs: CRS | None) -> CRS | None:
    """Return a CRS without its heights, if it has any."""
    if not crs:
        return crs
    whole = pyproj.CRS.from_user_input(crs)
    if len(whole.axis_info) <= 2 or not (whole.is_projected or whole.is_geographic):
        return crs
    return CRS.from_user_input(whole.to_2d())


def turn_of(crs: CRS | pyproj.CRS | None) -> float | None:
    """Return a whole turn of longitude in the units of a geographic CRS; None for any other."""
    if not crs:
        return None
    own = pyproj.CRS.from_user_input(crs)
    if not own.is_geographic:
        return None
    # Most are in degrees, the French ones in gons.
    return round(2 * math.pi / own.axis_info[0].unit_conversion_factor, 6)


@dataclass(frozen=True)
class RasterGrid:
    """The grid of one raster.

    Args:
        crs: coordinate reference system.
        transform: affine map from (col, row) to (x, y).
        shape: (rows, cols).
    """

    crs: CRS
    transform: Affine
    shape: tuple[int, int]

    @classmethod
    def from_dataset(cls, dataset: DatasetReader) -> RasterGrid:
        """Read the grid of an open dataset.

        Heights say nothing about where a pixel lies, and a CRS with them is often more than a
        product can hold: of it, only the horizontal part is taken.
        """
        return cls(horizontal(dataset.crs), dataset.transform, (dataset.height, dataset.width))

    @property
    def center(self) -> tuple[float, float]:
        """Map coordinates (x, y) of the middle of the raster."""
        rows, cols = self.shape
        return self.transform @ (cols / 2, rows / 2)

    @property
    def outline(self) -> shapely.Polygon:
        """Outline in map units; that of a rotated grid is no upright box."""
        rows, cols = self.shape
        corners = ((0, 0), (cols, 0), (cols, rows), (0, rows))
        return shapely.Polygon([self.transform @ corner for corner in corners])

    def window(self, window: Window) -> RasterGrid:
        """Return the grid of a window, which may reach beyond this one."""
        transform = self.transform @ Affine.translation(window.col_off, window.row_off)
        return replace(self, transform=transform, shape=(int(window.height), int(window.width)))

    def inside(
        self, polygons: Sequence[shapely.Geometry] | np.ndarray, *, all_touched: bool = False
    ) -> np.ndarray:
        """Find the pixels whose centre lies in any of the polygons.

        Args:
            polygons: in the grid's CRS.
            all_touched: True also takes pixels that a polygon touches without their centre.

        Returns:
            Bool array, shape (rows, cols).
        """
        if not len(polygons):
            return np.zeros(self.shape, bool)
        burnt = rasterize(
            polygons, self.shape, transform=self.transform, all_touched=all_touched, dtype='uint8'
        )
        return burnt.astype(bool)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Length of a step of one column and of one row at the centre, metres."""
        rows, cols = self.shape
        corners = [(cols / 2, rows / 2), (cols / 2 + 1, rows / 2), (cols / 2, rows / 2 + 1)]
        xs, ys = zip(*(self.transform @ corner for corner in corners), strict=True)
        if measures_are_planar(self.crs, *self.center):
            _, unit = self.crs.linear_units_factor
            across, down = (unit * math.hypot(xs[i] - xs[0], ys[i] - ys[0]) for i in (1, 2))
            return across, down
        lons, lats = _to_degrees(self.crs).transform(xs, ys)
        geod = pyproj.CRS.from_user_input(self.crs).get_geod() or pyproj.Geod(ellps='WGS84')
        _, _, (across, down) = geod.inv([lons[0]] * 2, [lats[0]] * 2, lons[1:], lats[1:])
        return float(across), float(down)

    @property
    def gsd(self) -> float:
        """Ground sampling distance: side of a square as large as the centre pixel, metres."""
        return math.sqrt(math.prod(self.pixel_size))

    def matches(self, other: RasterGrid) -> bool:
        """Tell whether both grids lay the same pixels on the ground (to 1/1000 pixel).

        Longitudes may differ by whole turns: 181 degrees are 179 west.
        """
        if self.shape != other.shape or self.crs != other.crs:
            return False
        moved = Affine.translation(self.turns_to(other.center[0]), 0) @ other.transform
        return all(
            math.dist(~self.transform @ (moved @ corner), corner) < 1e-3
            for corner in self._corners()
        )

    def turns_to(self, x: float) -> float:
        """Return the whole turns, map units, that bring a longitude nearest to the grid's middle.

        Args:
            x: in the grid's CRS; where that is not geographic, nothing is to be turned.
        """
        turn = turn_of(self.crs)
        return turn * round((self.center[0] - x) / turn) if turn else 0.0

    def require_match(self, other: RasterGrid, name: str) -> None:
        """Raise unless ``other``, the grid of the raster called ``name``, is this grid.

        Raises:
            GridMismatchError: naming both grids.
        """
        if not self.matches(other):
            raise GridMismatchError(
                f'{name} has grid {other}, wanted is the scene grid {self}; '
                f'resample it first, for example with gdalwarp'
            )

    def __str__(self) -> str:
        rows, cols = self.shape
        return f'({rows}, {cols}) in {self.crs.to_string()[:40]} at {tuple(self.transform)[:6]}'

    def _corners(self) -> list[tuple[float, float]]:
        rows, cols = self.shape
        return [(0, 0), (cols, 0), (0, rows), (cols, rows)]
