import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.georeference import check_georeference
from dfpenet_mm.mapping.scene.scene import Scene

LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1]]'
ENGINEERING = (
    'ENGCRS["site",EDATUM["mark"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
    'LENGTHUNIT["metre",1]]'
)


@pytest.fixture
def write_raster(tmp_path):
    def write(name, bands, **profile):
        count, rows, cols = bands.shape
        shape = {'count': count, 'height': rows, 'width': cols, 'dtype': bands.dtype}
        path = tmp_path / name
        with rasterio.open(path, 'w', driver='GTiff', **shape, **profile) as target:
            target.write(bands)
        return path

    return write


@pytest.fixture
def check(write_raster):
    """Check a raster of 4 x 6 pixels with this CRS, upper left corner and pixel size."""

    def run(crs, x, y, size, *, shape=(4, 6)):
        bands = np.ones((1, *shape), np.uint8)
        path = write_raster('scene.tif', bands, crs=crs, transform=from_origin(x, y, size, size))
        with rasterio.open(path) as dataset:
            check_georeference(dataset)

    return run


@pytest.mark.parametrize(
    ('crs', 'x', 'y', 'size'),
    [
        ('EPSG:32654', 500_000, 4_700_000, 10),
        ('EPSG:32654', 500_000, 4_700_000, 0.002),  # a drone close to the ground
        ('EPSG:4326', 141, 42, 1e-4),
        ('EPSG:4326', 359, 42, 1e-4),  # longitudes that run on
        ('EPSG:4612', 141, 42, 1e-4),
        ('EPSG:3857', 15_700_000, 5_200_000, 10),
        ('EPSG:2225', 6_500_000, 2_000_000, 1),  # US survey feet
        ('EPSG:32654+5773', 500_000, 4_700_000, 10),  # with a vertical part
        ('+proj=tmerc +lat_0=42.7 +lon_0=142 +datum=WGS84', 0, 0, 0.05),  # a grid of one site
    ],
)
def test_places_on_earth_pass(check, crs, x, y, size):
    check(crs, x, y, size)


def test_the_whole_world_passes_with_its_pixels_on_the_poles(check):
    # A grid of nodes reaches half a pixel beyond the poles.
    check('EPSG:4326', -180, 90.04, 0.08, shape=(2251, 4500))


@pytest.mark.parametrize(
    ('placed', 'complaint'),
    [
        ((LOCAL, 500, 700, 0.05), 'neither projected nor geographic'),
        ((ENGINEERING, 500, 700, 0.05), 'neither projected nor geographic'),
        (('EPSG:4978', -3_700_000, 3_000_000, 10), 'neither projected nor geographic'),
        (('EPSG:32654', 1e9, 4_700_000, 10), 'no place on Earth'),
        (('EPSG:4326', 500_000, 4_700_000, 10), 'no place on Earth'),
        (('EPSG:4326', 500_000, 42, 1e-4), 'no place on Earth'),
        (('EPSG:4326', 141, 90.5, 1e-4), 'no place on Earth'),
        (('EPSG:32654', 141, 42, 1e-4), r'pixels of 0\.0001 x 0\.0001 m'),
        (('EPSG:32654', 500_000, 4_700_000, 20_000), 'pixels of 2e'),
        (('EPSG:4326', 141, 42, 0.5), 'wanted are sides of 1 mm to 10 km'),
    ],
)
def test_contradictions_are_refused_with_a_mend(check, placed, complaint):
    with pytest.raises(RasterFormatError, match=rf'scene\.tif .*{complaint}.* gdal'):
        check(*placed)


def test_a_scene_is_checked(write_raster):
    place = from_origin(500, 700, 1, 1)
    path = write_raster('drone.tif', np.ones((3, 4, 4), np.uint8), crs=LOCAL, transform=place)
    with pytest.raises(RasterFormatError, match=r'drone\.tif is in CRS LOCAL_CS'):
        Scene(path)
