"""GDAL, PROJ and GEOS: their versions, drivers and tables."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence

from dfpenet_mm.doctor.environment import Finding, problem
from dfpenet_mm.vocabulary import WGS84

RASTER_DRIVERS = ('GTiff', 'COG', 'VRT', 'MEM')
VECTOR_DRIVERS = ('GPKG', 'GeoJSON', 'ESRI Shapefile', 'FlatGeobuf')
REINSTALL = 'reinstall it with pip install --force-reinstall --no-deps {}'
# Longitude and latitude of the origin of UTM zone 54, and what it is there by definition.
PLACE, UTM, TOLERANCE_M = (141.0, 0.0), (500_000.0, 0.0), 0.01
CRS = 'EPSG:32654'


def check_raster_drivers() -> Iterator[Finding]:
    """Look for the drivers of rasters, and write and read a cloud-optimised GeoTIFF."""
    import rasterio  # noqa: PLC0415

    versions = f'GDAL {rasterio.__gdal_version__}, PROJ {rasterio.__proj_version__}'
    with rasterio.Env() as env:
        missing = [name for name in RASTER_DRIVERS if name not in env.drivers()]
    if missing:
        found = f'{versions} without {", ".join(missing)}'
        yield problem('raster drivers', found, REINSTALL.format('rasterio'))
        return
    yield Finding('raster drivers', f'{versions}: {", ".join(RASTER_DRIVERS)}')
    try:
        _write_cog()
    except Exception as error:
        yield problem('GeoTIFF', error, REINSTALL.format('rasterio'))
    else:
        yield Finding('GeoTIFF', 'written and read')


def check_vector_drivers() -> Iterator[Finding]:
    """Look for the drivers of vector files that can be written."""
    import pyogrio  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    gdal = '.'.join(map(str, pyogrio.__gdal_version__))
    versions = f'GDAL {gdal}, GEOS {shapely.geos_version_string}'
    able = pyogrio.list_drivers(write=True)
    missing = [name for name in VECTOR_DRIVERS if name not in able]
    if missing:
        found = f'{versions} without {", ".join(missing)}'
        yield problem('vector drivers', found, REINSTALL.format('pyogrio'))
    else:
        yield Finding('vector drivers', f'{versions}: {", ".join(VECTOR_DRIVERS)}')


def check_projections() -> Iterator[Finding]:
    """Transform a place with either library that brings PROJ."""
    import pyproj  # noqa: PLC0415
    from rasterio.warp import transform  # noqa: PLC0415

    longitudes, latitudes = ([value] for value in PLACE)
    ways: dict[str, Callable[[], Sequence[Sequence[float]]]] = {
        'rasterio': lambda: transform(WGS84, CRS, longitudes, latitudes),
        'pyproj': lambda: pyproj.Transformer.from_crs(WGS84, CRS, always_xy=True).transform(
            longitudes, latitudes
        ),
    }
    for library, way in ways.items():
        yield _transformed(library, way)


def _transformed(library: str, way: Callable[[], Sequence[Sequence[float]]]) -> Finding:
    name = f'PROJ of {library}'
    mend = f'unset PROJ_DATA and PROJ_LIB; if that does not help, {REINSTALL.format(library)}'
    try:
        east, north = (values[0] for values in way())
    except Exception as error:
        # Both libraries have several errors for a proj.db of another version.
        return problem(name, error, mend)
    if max(abs(east - UTM[0]), abs(north - UTM[1])) > TOLERANCE_M:
        return problem(name, f'places {PLACE} at {east:.1f}, {north:.1f} in {CRS}', mend)
    return Finding(name, f'transforms {WGS84} to {CRS}')


def _write_cog() -> None:
    import numpy as np  # noqa: PLC0415
    import rasterio  # noqa: PLC0415
    from rasterio.shutil import copy, delete  # noqa: PLC0415

    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    plain, cog = (f'/vsimem/{uuid.uuid4().hex}.tif' for _ in range(2))
    place = rasterio.transform.from_origin(*UTM, 10, 10)
    profile = {'width': 8, 'height': 8, 'count': 1, 'dtype': 'uint8', 'transform': place}
    with rasterio.open(plain, 'w', driver='GTiff', **profile) as target:
        target.write(pixels)
    copy(plain, cog, driver='COG', COMPRESS='DEFLATE')
    with rasterio.open(cog) as source:
        same = (source.read() == pixels).all() and source.transform == place
    delete(plain)
    delete(cog)
    if not same:
        raise ValueError('a GeoTIFF does not hold what was written')
