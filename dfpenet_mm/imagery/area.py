"""The area that images are wanted of: in degrees, on one UTM grid, and in boxes to search in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely import affinity

from dfpenet_mm.errors import ImageryError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import read_polygons
from dfpenet_mm.vocabulary import AREA_OF_INTEREST, WGS84

# Side of Sentinel-2's finest pixels, metres; its tiles begin at whole multiples.
PIXEL = 10.0
# A square of 200 km: beyond, one UTM grid and one pair of images make no sense.
LARGEST_KM2 = 40_000.0
# Less than one pixel is no area.
SMALLEST_KM2 = PIXEL * PIXEL / 1e6
# Latitudes of which Sentinel-2 takes images.
FARTHEST_SOUTH, FARTHEST_NORTH = -80.0, 84.0
# Sides are cut so fine before they are bent into another CRS, degrees.
STEP = 0.02
HALF_TURN = 180.0
UNDATED = '1970-01-01T00:00:00.000Z'


@dataclass(frozen=True, eq=False)
class Area:
    """Ground that was asked for.

    Args:
        shape: polygon in longitudes and latitudes; across the antimeridian longitudes run on.
        is_box: a box in degrees, which the images fill.

    Raises:
        ImageryError: if it is empty, as large as a continent, or beyond all images.
    """

    shape: shapely.Geometry
    is_box: bool = False

    def __post_init__(self) -> None:
        _, south, _, north = self.shape.bounds if not self.shape.is_empty else (0, 0, 0, 0)
        for part in shapely.get_parts(self.shape):
            west, _, east, _ = part.bounds
            # Of more than that the ellipsoid would measure what is left over.
            if east - west > HALF_TURN:
                raise ImageryError(
                    f'the area reaches {east - west:.0f} degrees east from longitude {west:g}, '
                    f'farther than half around the Earth; check the order of the numbers (west, '
                    f'south, east, north), or give a smaller one'
                )
        if self.shape.is_empty or self.km2 < SMALLEST_KM2:
            raise ImageryError(
                f'the area has {self.km2:.3g} km2, wanted is at least a pixel of 10 m; check the '
                f'order of the numbers (west, south, east, north), or give a larger one'
            )
        if self.km2 > LARGEST_KM2:
            raise ImageryError(
                f'the area has {self.km2:,.0f} km2, at most {LARGEST_KM2:,.0f} are fetched at '
                f'once; cut it with --aoi or --bbox and fetch the parts one by one'
            )
        if south < FARTHEST_SOUTH or north > FARTHEST_NORTH:
            raise ImageryError(
                f'the area reaches from latitude {south:.2f} to {north:.2f}, Sentinel-2 takes '
                f'images from -80 to 84; give an area between'
            )

    @classmethod
    def of_box(cls, west: float, south: float, east: float, north: float) -> Area:
        """Return a box; one whose east is less than its west crosses the antimeridian.

        Raises:
            ImageryError: as the class, or if the numbers are no longitudes and latitudes.
        """
        numbers = (west, south, east, north)
        if not (
            all(map(math.isfinite, numbers))
            and max(abs(west), abs(east)) <= 2 * HALF_TURN
            and max(abs(south), abs(north)) <= HALF_TURN / 2
        ):
            raise ImageryError(
                f'the box {", ".join(f"{n:g}" for n in numbers)} is not in degrees; give west, '
                f'south, east, north, such as --bbox 141.8,42.6,142.1,42.8'
            )
        if south > north:
            raise ImageryError(
                f'the south of the box, {south:g}, is north of its north, {north:g}; give west, '
                f'south, east, north'
            )
        beyond = 2 * HALF_TURN if east < west else 0.0
        return cls(shapely.box(west, south, east + beyond, north), is_box=True)

    @classmethod
    def of_file(cls, path: Path) -> Area:
        """Read an area from polygons in any CRS.

        Raises:
            ImageryError: as the class.
            InputFileError: if the file cannot be read.
            VectorFormatError: if it has no polygon on Earth.
        """
        polygons = read_polygons(path, 'area')
        return cls(shapely.union_all(polygons.in_crs(CRS.from_user_input(WGS84))))

    def cut_by(self, other: Area) -> Area:
        """Return what lies in both.

        Raises:
            ImageryError: if nothing does.
        """
        turn = 2 * HALF_TURN
        turns = (affinity.translate(other.shape, shift) for shift in (-turn, 0, turn))
        common = shapely.union_all([self.shape.intersection(shape) for shape in turns])
        if common.is_empty:
            raise ImageryError(
                'the area given lies outside of the area of the event; check both, or leave out '
                '--event and give --date'
            )
        return Area(common)

    @cached_property
    def km2(self) -> float:
        """Area on the ellipsoid."""
        geod = pyproj.Geod(ellps='WGS84')
        return abs(geod.geometry_area_perimeter(self.shape)[0]) / 1e6

    @cached_property
    def crs(self) -> CRS:
        """The UTM zone of its middle, in WGS 84."""
        west, south, east, north = self.shape.bounds
        lon = ((west + east) / 2 + HALF_TURN) % (2 * HALF_TURN)
        zone = int(lon // 6) + 1
        return CRS.from_epsg((32600 if south + north >= 0 else 32700) + zone)

    @cached_property
    def on_grid(self) -> shapely.Geometry:
        """The polygon in metres of its UTM zone."""
        way = pyproj.Transformer.from_crs(WGS84, self.crs.to_epsg(), always_xy=True)
        fine = shapely.segmentize(self.shape, STEP)
        return shapely.transform(fine, lambda xy: np.column_stack(way.transform(*xy.T)))

    @cached_property
    def grid(self) -> RasterGrid:
        """The grid of its images: pixels of 10 m that lie on those of Sentinel-2's tiles."""
        left, bottom, right, top = self.on_grid.bounds
        left, bottom = (math.floor(edge / PIXEL) * PIXEL for edge in (left, bottom))
        cols, rows = (
            math.ceil((far - near) / PIXEL) for far, near in ((right, left), (top, bottom))
        )
        place = Affine(PIXEL, 0, left, 0, -PIXEL, bottom + rows * PIXEL)
        return RasterGrid(self.crs, place, (rows, cols))

    def boxes(self, margin: float = 0.0) -> list[tuple[float, float, float, float]]:
        """Return west, south, east, north of one box, or of two beside the antimeridian.

        Args:
            margin: degrees added on every side.
        """
        west, south, east, north = self.shape.bounds
        turns = math.floor((west + HALF_TURN) / (2 * HALF_TURN)) * 2 * HALF_TURN
        west, east = west - margin - turns, east + margin - turns
        south, north = max(south - margin, -90.0), min(north + margin, 90.0)
        if west < -HALF_TURN:
            west, east = west + 2 * HALF_TURN, east + 2 * HALF_TURN
        if east <= HALF_TURN:
            return [(west, south, east, north)]
        return [(west, south, HALF_TURN, north), (-HALF_TURN, south, east - 2 * HALF_TURN, north)]

    def write(self, path: Path) -> None:
        """Write it as a GeoPackage that ``--aoi`` reads, in its UTM zone."""
        shapes = gpd.GeoSeries([self.on_grid], crs=self.crs)
        option = 'OGR_CURRENT_DATE'
        before = pyogrio.get_gdal_config_option(option)
        # The time at which it was written would make equal areas different files.
        pyogrio.set_gdal_config_options({option: UNDATED})
        try:
            gpd.GeoDataFrame(geometry=shapes).to_file(path, layer=AREA_OF_INTEREST, driver='GPKG')
        finally:
            pyogrio.set_gdal_config_options({option: before})
