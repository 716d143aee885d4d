import os
import zipfile
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.transform import from_origin

from dfpenet_mm.errors import InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.rasters import check_georeference, open_raster
from dfpenet_mm.source_files import absolute_name, gdal_name, local_file, require_file
from postproc.evaluation.from_files import InventoryFiles
from postproc.masks.warped_layer import check_layer
from postproc.reference.reference import check_reference
from postproc.terrain.dem import check_dem

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
        (('EPSG:32654', 500_000, 4_700_000, 20_000), 'pixels of 20,000'),
        (('EPSG:4326', 141, 42, 0.5), 'wanted are sides of 1 mm to 10 km'),
    ],
)
def test_contradictions_are_refused_with_a_mend(check, placed, complaint):
    with pytest.raises(RasterFormatError, match=rf'scene\.tif .*{complaint}.* gdal'):
        check(*placed)


ROTATED_POLE = (
    '+proj=ob_tran +o_proj=longlat +o_lat_p=39.25 +lon_0=18 +to_meter=0.0174532925 +datum=WGS84'
)


@pytest.mark.parametrize(
    ('crs', 'x', 'y'),
    [
        ('EPSG:3413', -500_000, -1_500_000),  # polar
        ('EPSG:3031', 300_000, -1_600_000),
        ('EPSG:32661', 2_200_000, 1_500_000),
        ('ESRI:54009', 9_000_000, 3_600_000),  # Mollweide
        ('EPSG:8857', 9_000_000, 3_900_000),
        ('+proj=geos +h=35785831 +lon_0=140.7 +sweep=y +datum=WGS84', 20_000, 4_000_000),
        ('EPSG:5514', -740_000, -1_040_000),
        ('+proj=wintri +datum=WGS84', 800_000, 4_900_000),
    ],
)
def test_rare_projections_that_a_geotiff_keeps_pass(check, crs, x, y):
    check(crs, x, y, 10)


@pytest.mark.parametrize(
    ('crs', 'x', 'y', 'size'),
    [
        ('+proj=peirce_q +shape=square +datum=WGS84 +units=m', -605_000, 5_668_000, 10),
        ('+proj=healpix +datum=WGS84', 15_678_000, 5_010_000, 10),
        (ROTATED_POLE, 3, 5, 1e-4),
    ],
)
def test_a_projection_that_no_product_can_keep_is_refused(check, crs, x, y, size):
    """GDAL would put it into a file beside the map, and lose it when the map moves."""
    with pytest.raises(RasterFormatError, match=r'which no GeoTIFF can keep.* gdalwarp -t_srs'):
        check(crs, x, y, size)


@pytest.mark.parametrize('crs', ['EPSG:32654+5773', 'EPSG:32654'])
def test_of_a_crs_with_heights_the_horizontal_part_is_taken(write_raster, crs):
    plain = pyproj.CRS('EPSG:32654')
    own = pyproj.CRS(crs) if '+' in crs else plain.to_3d()
    place = from_origin(500_000, 4_700_000, 10, 10)
    path = write_raster(
        'a.tif', np.ones((3, 4, 4), np.uint8), crs=CRS.from_wkt(own.to_wkt()), transform=place
    )
    with Scene(path) as scene:
        assert scene.grid.crs == CRS.from_epsg(32654)
        assert scene.grid.matches(RasterGrid(CRS.from_epsg(32654), place, (4, 4)))
        assert not scene.resampled


NOWHERE = {
    'of Mars': ({'crs': 'ESRI:104905'}, 'leads to no longitudes and latitudes'),
    'of a site': ({'crs': LOCAL}, 'neither projected nor geographic'),
    'of heights': ({'crs': 'EPSG:5773'}, 'neither projected nor geographic'),
    'singular': ({'transform': Affine(10, 10, 5e5, 10, 10, 47e5)}, 'has no georeference'),
    'flat': ({'transform': Affine(0, 0, 5e5, 0, 0, 47e5)}, 'has no georeference'),
    'NaN': ({'transform': Affine(float('nan'), 0, 5e5, 0, -10, 47e5)}, 'has no georeference'),
}


@pytest.mark.parametrize('case', NOWHERE)
@pytest.mark.parametrize('role', ['layer', 'dem', 'reference', 'grid'])
def test_a_layer_a_dem_or_a_reference_must_lie_on_earth(write_raster, case, role):
    change, sentence = NOWHERE[case]
    profile = {'crs': 'EPSG:32654', 'transform': from_origin(500_000, 4_700_000, 10, 10)} | change
    path = write_raster('a.tif', np.ones((1, 6, 6), np.uint8), **profile)
    scene = RasterGrid(CRS.from_epsg(32654), from_origin(500_000, 4_700_000, 10, 10), (6, 6))
    check = {
        'layer': lambda: check_layer(path, scene, 'geology'),
        'dem': lambda: check_dem(path, scene),
        'reference': lambda: check_reference(path, scene),
        'grid': lambda: InventoryFiles(predicted=path, reference=path).product(
            path.parent, path.parent
        ),
    }[role]

    with pytest.raises(RasterFormatError, match=sentence) as caught:
        check()
    assert '\n' not in str(caught.value)


def test_a_scene_is_checked(write_raster):
    place = from_origin(500, 700, 1, 1)
    path = write_raster('drone.tif', np.ones((3, 4, 4), np.uint8), crs=LOCAL, transform=place)
    with pytest.raises(RasterFormatError, match=r'drone\.tif is in CRS LOCAL_CS'):
        Scene(path)


PROFILE = {
    **{'width': 3, 'height': 2, 'count': 1, 'dtype': 'uint8', 'crs': 'EPSG:32654'},
    'transform': Affine(10, 0, 500_000, 0, -10, 4_700_000),
}


def write(path, driver='GTiff', **options):
    with rasterio.open(path, 'w', driver=driver, **PROFILE, **options) as target:
        target.write(np.ones((1, 2, 3), np.uint8))
    return path


@pytest.fixture
def zipped(tmp_path):
    """A zip archive of a raster, and the raster's name in it."""
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.write(write(tmp_path / 'in.tif'), 'in.tif')
    return tmp_path / 'a.zip'


@pytest.fixture
def container(tmp_path):
    """A GeoPackage of two rasters."""
    path = write(tmp_path / 'two.gpkg', 'GPKG', RASTER_TABLE='a')
    return write(path, 'GPKG', RASTER_TABLE='b', APPEND_SUBDATASET='YES')


def test_names_of_gdal_open(zipped, container, monkeypatch):
    """pathlib makes one slash of the two behind /vsizip."""
    monkeypatch.chdir(zipped.parent)
    names = {
        f'/vsizip/{zipped}/in.tif': zipped,
        '/vsizip/a.zip/in.tif': Path('a.zip'),
        f'/vsizip/{{{zipped}}}/in.tif': zipped,
        f'GPKG:{container}:b': container,
        'GPKG:two.gpkg:b': Path('two.gpkg'),
        f'GTIFF_DIR:1:{zipped.parent}/in.tif': None,
        str(zipped): zipped,
        'in.tif': Path('in.tif'),
    }
    for name, file in names.items():
        with open_raster(Path(name)) as dataset:
            assert dataset.shape == (2, 3), name
        if file is not None:
            assert local_file(Path(name)) == file
        monkeypatch.chdir('/')
        with open_raster(_elsewhere(Path(name), zipped.parent, monkeypatch)) as dataset:
            assert dataset.shape == (2, 3), name
        monkeypatch.chdir(zipped.parent)


def _elsewhere(path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    name = absolute_name(path)
    monkeypatch.chdir('/')
    return name


def test_an_address_keeps_its_slashes():
    assert gdal_name(Path('/vsicurl/https://a.org/b.tif')) == '/vsicurl/https://a.org/b.tif'
    zipped = Path('/vsizip//vsicurl/https://a.org/b.zip/c.tif')
    assert gdal_name(zipped) == '/vsizip//vsicurl/https://a.org/b.zip/c.tif'
    assert local_file(zipped) is None
    require_file(zipped, 'it')


def test_a_container_names_what_it_holds(container, tmp_path):
    with pytest.raises(RasterFormatError, match=r'the dem holds 2 rasters; name one') as caught:
        open_raster(container, 'the dem')
    assert f'GPKG:{container}:a, GPKG:{container}:b' in str(caught.value)
    with zipfile.ZipFile(tmp_path / 'many.zip', 'w') as archive:
        for number in range(8):
            archive.write(write(tmp_path / 'in.tif'), f'x/{number}.tif')
    with pytest.raises(InputFileError, match=r'many\.zip cannot be read as a raster') as caught:
        open_raster(tmp_path / 'many.zip')
    assert f'/vsizip/{tmp_path}/many.zip/x/0.tif, ' in str(caught.value)
    assert str(caught.value).endswith('x/5.tif and 2 more')


@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        ('gone.tif', 'does not exist'),
        ('a' * 300, 'does not exist'),
        ('GPKG:gone.gpkg:a', 'cannot be read as a raster'),
        ('/vsizip/gone.zip/a.tif', 'cannot be read as a raster'),
        ('note.txt', 'cannot be read as a raster'),
        ('pipe', 'is a pipe or a device'),
        ('/dev/null', 'is a pipe or a device'),
    ],
)
def test_what_is_no_raster_is_said_at_once(tmp_path, monkeypatch, name, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'note.txt').write_text('no raster')
    os.mkfifo(tmp_path / 'pipe')

    with pytest.raises(InputFileError, match=sentence) as caught:
        open_raster(Path(name))
    assert '\n' not in str(caught.value)
