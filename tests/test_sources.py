import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from dfpenet_mm.errors import InputFileError, RasterFormatError
from dfpenet_mm.sources import absolute_name, gdal_name, local_file, open_raster, require_file

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
