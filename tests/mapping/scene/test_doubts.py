import re

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.mapping.scene.doubts import doubt_fill, doubt_format
from dfpenet_mm.mapping.scene.scene import Scene


@pytest.fixture
def doubt(write_raster, tmp_path):
    def look(bands, **profile):
        nodata = profile.pop('called', ())
        with Scene(write_raster(tmp_path / 'a.tif', bands, **profile), nodata=nodata) as scene:
            return doubt_fill(scene)

    return look


def ground(dtype='uint16', rows=300, cols=400):
    """Return three bands of ground: values around 1,000, or around 100 in a byte."""
    rng = np.random.default_rng(1)
    level = 100 if dtype == 'uint8' else 1000
    bands = level * (1 + 0.15 * rng.standard_normal((3, rows, cols)))
    return bands.clip(1, 250 if dtype == 'uint8' else 10_000).astype(dtype)


@pytest.mark.parametrize(
    ('dtype', 'fill', 'cols', 'share'),
    [
        ('uint8', 0, 100, '25.0%'),
        ('uint8', 255, 100, '25.0%'),
        ('uint16', 0, 30, '7.5%'),
        ('uint16', 65535, 130, '32.5%'),
        ('uint8', 0, 16, '4.0%'),
        ('uint16', 0, 5, '1.2%'),
        ('int16', -9999, 4, '1.0%'),
        ('int16', -32768, 130, '32.5%'),
        ('float32', -9999, 130, '32.5%'),
        ('float64', 0, 130, '32.5%'),
        # What a float of single precision would round.
        ('float32', -9999.9, 130, '32.5%'),
        ('float64', -9999.9, 130, '32.5%'),
        ('float64', 1e20, 130, '32.5%'),
        ('int32', 2147483647, 130, '32.5%'),
        ('uint32', 4294967295, 130, '32.5%'),
    ],
)
def test_a_fill_value_that_nothing_declares_is_named(doubt, dtype, fill, cols, share):
    bands = ground(dtype)
    bands[:, :, :cols] = fill

    said = doubt(bands)

    assert said.startswith(f'{share} of a.tif is {fill} in all bands')
    assert f'--nodata={fill},' in said
    assert doubt(bands, nodata=fill) is None
    advised = float(re.search(r'--nodata=(.*?),', said)[1])
    assert doubt(bands, called=(advised,)) is None


@pytest.mark.parametrize(('rows', 'share'), [(400, '13.3%'), (60, '2.0%')])
def test_a_large_scene_is_looked_at_all_over(doubt, rows, share):
    bands = ground(rows=3000, cols=2500)
    bands[:, -rows:] = 0

    assert doubt(bands).startswith(f'{share} of a.tif is 0 in all bands')


@pytest.mark.parametrize('thickness', [1, 3])
def test_stripes_between_scan_lines_are_fill(doubt, thickness):
    bands = ground()
    rows, cols = np.mgrid[:300, :400]
    bands[:, (rows + cols // 3) % 14 < thickness] = 0

    assert 'is 0 in all bands' in doubt(bands)


def test_bright_roofs_are_not_fill(doubt):
    # Small, sharp and clipped in all bands.
    bands = ground('uint8')
    for row in range(5, 290, 20):
        bands[:, row : row + 6, 5:395:20] = 255
        bands[:, row : row + 6, 6:395:20] = 255

    assert (bands == 255).all(axis=0).mean() > 0.01
    assert doubt(bands) is None


@pytest.mark.parametrize('dtype', ['float32', 'int16'])
def test_a_sentinel_in_one_band_is_named(doubt, dtype):
    bands = ground(dtype)
    bands[1, :, :100] = -9999

    assert doubt(bands).startswith('25.0% of a.tif is -9999 in some bands')
    assert doubt(bands, called=(-9999,)) is None


def test_ground_is_not_doubted(doubt):
    for dtype in ('uint8', 'uint16', 'int16', 'float32'):
        assert doubt(ground(dtype)) is None


@pytest.mark.parametrize('limit', [0, 255])
def test_clouds_and_water_that_a_stretch_has_clipped_are_not_fill(doubt, limit):
    # A smooth field with texture, a quarter of it beyond what a byte holds.
    rows, cols = np.mgrid[:300, :400]
    field = 160 * np.sin(rows / 40) * np.cos(cols / 50)
    field = field + 10 * np.random.default_rng(2).standard_normal((3, 300, 400))
    bands = (field + 170 if limit else 85 - field).clip(0, 255).astype('uint8')
    share = (bands == limit).all(axis=0).mean()

    assert share > 0.14
    assert doubt(bands) is None


def test_a_band_of_zeros_alone_is_no_fill(doubt):
    bands = ground()
    bands[0, :, :200] = 0

    assert doubt(bands) is None


@pytest.mark.parametrize(
    ('dtype', 'value'), [('float64', -1.7976931348623157e308), ('float32', -3.4028234663852886e38)]
)
def test_what_nothing_measures_is_refused_unless_it_is_called_nodata(
    dtype, value, write_raster, tmp_path
):
    bands = ground(dtype)
    bands[:, :, 100:] = value
    path = write_raster(tmp_path / 'a.tif', bands)

    with pytest.raises(RasterFormatError, match='no measured value') as found:
        Scene(path)
    assert f'a.tif holds {value!r}, ' in str(found.value)
    assert str(found.value).endswith(f'--nodata={value!r}')
    with Scene(path, nodata=(value,)) as scene:
        assert scene.read(next(scene.tiles()))[1].sum() == 300 * 100


@pytest.mark.parametrize(
    ('name', 'options', 'doubts'),
    [
        ('a.tif', {'driver': 'GTiff'}, []),
        ('a.tif', {'driver': 'GTiff', 'compress': 'JPEG'}, ['compressed with loss (JPEG)']),
        ('a.tif', {'driver': 'GTiff', 'compress': 'WEBP', 'WEBP_LOSSLESS': 'YES'}, []),
        ('a.jp2', {'driver': 'JP2OpenJPEG', 'QUALITY': '100', 'REVERSIBLE': 'YES'}, []),
        ('a.jp2', {'driver': 'JP2OpenJPEG'}, ['compressed with loss (JPEG2000)']),
        (
            'a.tif',
            {'driver': 'JP2OpenJPEG'},
            ["called a GeoTIFF and is a file of GDAL's driver JP2OpenJPEG", 'with loss'],
        ),
        ('a.tif', {'driver': 'PNG'}, ['driver PNG']),
    ],
    ids=str,
)
def test_loss_and_false_names_are_said(name, options, doubts, write_raster, tmp_path):
    if options['driver'] not in rasterio.drivers.raster_driver_extensions().values():
        pytest.skip(f'this GDAL does not know {options["driver"]}')
    source = write_raster(tmp_path / 'source.tif', ground('uint8'))
    copy(source, tmp_path / name, **options)

    with rasterio.open(tmp_path / name) as dataset:
        said = list(doubt_format(dataset))

    assert len(said) == len(doubts)
    assert all(doubt in sentence for doubt, sentence in zip(doubts, said, strict=True))
