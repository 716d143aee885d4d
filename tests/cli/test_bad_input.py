"""Whatever a user may get wrong ends in one sentence, code 2 and an untouched folder."""

import sys

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.errors import InputFileError
from tests.cli.conftest import CHECKPOINT, CONFIG, ROOT, raster

pytestmark = pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')


@pytest.mark.parametrize('role', ['--pre', '--reference'])
def test_missing_file(complain, tmp_path, role):
    assert 'nowhere.tif does not exist' in complain(role, tmp_path / 'nowhere.tif')


def test_missing_post(complain, tmp_path):
    assert 'nowhere.tif does not exist' in complain(post=tmp_path / 'nowhere.tif')


def test_a_broken_installation(complain, monkeypatch):
    monkeypatch.setitem(sys.modules, 'dfpenet_mm.run.run', None)
    assert 'landslide-map doctor says how to mend it' in complain()


def test_no_raster(complain, tmp_path):
    (tmp_path / 'notes.tif').write_text('no raster')
    assert 'notes.tif' in complain(post=tmp_path / 'notes.tif')


@pytest.mark.parametrize('option', ['--post', '--pre', '--dem'])
def test_a_mosaic_of_itself(complain, tmp_path, option):
    bands = ''.join(
        f'<VRTRasterBand dataType="UInt16" band="{band}"><SimpleSource><SourceFilename '
        f'relativeToVRT="1">loop.vrt</SourceFilename><SourceBand>{band}</SourceBand>'
        '</SimpleSource></VRTRasterBand>'
        for band in ((1,) if option == '--dem' else (1, 2, 3))
    )
    (tmp_path / 'loop.vrt').write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="48"><SRS>EPSG:32654</SRS><GeoTransform>'
        f'500000, 10, 0, 4700000, 0, -10</GeoTransform>{bands}</VRTDataset>'
    )
    loop = tmp_path / 'loop.vrt'
    message = complain(post=loop) if option == '--post' else complain(option, loop)
    assert 'loop.vrt is a mosaic that is made of itself' in message


def test_wrong_number_of_bands(complain, tmp_path):
    message = complain(post=raster(tmp_path / 'grey.tif', bands=1))
    assert 'grey.tif has 1 band' in message


def test_pre_image_with_other_bands(complain, tmp_path):
    message = complain('--pre', raster(tmp_path / 'grey.tif', bands=1))
    assert 'grey.tif has 1 band' in message


def test_pre_image_without_a_pixel_in_common(complain, tmp_path):
    pre = raster(tmp_path / 'beside.tif')
    with rasterio.open(pre, 'r+') as scene:
        scene.write(np.zeros((3, 48, 32), np.uint16), window=((0, 48), (0, 32)))
    post = raster(tmp_path / 'half.tif')
    with rasterio.open(post, 'r+') as scene:
        scene.write(np.zeros((3, 48, 32), np.uint16), window=((0, 48), (32, 64)))
    message = complain('--pre', pre, post=post)
    assert 'beside.tif has no valid pixel where' in message


@pytest.mark.parametrize(
    ('options', 'complaint'),
    [
        (('--dem', 'nowhere.tif'), 'layer_dem file nowhere.tif does not exist'),
        (('--layer', 'nir=nowhere.tif'), 'layer_nir file nowhere.tif does not exist'),
        (('--layer', 'nowhere.tif'), 'is not NAME=PATH'),
        (('--layer', 'n=a.tif', '--layer', 'n=b.tif'), 'n was given as a.tif and as b.tif'),
        (('--dem', 'a.tif', '--layer', 'dem=b.tif'), 'dem was given as a.tif and as b.tif'),
        (('--nodata', '-9999'), '--nodata -9999 is no value that an image can hold (good.tif'),
        (('--nodata', '2147483648'), '--nodata 2147483648 is no value that an image can hold'),
        (('--bands', '1,2,7'), 'wanted are bands 1, 2, 7; choose others with --bands'),
        (('--bands', '1,2'), '--bands names 2 bands, and the network sees 3'),
        (('--quantised', 'there'), '--quantised there was given, but torch'),
    ],
    ids=str,
)
def test_options_that_cannot_serve(complain, options, complaint):
    assert complaint in complain(*options)


def test_no_crs(complain, tmp_path):
    assert 'has no CRS' in complain(post=raster(tmp_path / 'bare.tif', crs=None))


def test_no_georeference(complain, tmp_path):
    assert 'unplaced.tif' in complain(post=raster(tmp_path / 'unplaced.tif', origin=None))


def test_pixels_of_another_world(complain, tmp_path):
    post = raster(tmp_path / 'small.tif')
    with rasterio.open(post, 'r+') as scene:
        scene.transform = Affine(0.01, 0, 500_000, 0, -0.01, 4_700_000)
    assert 'small.tif has pixels of 0.01 m, and the network' in complain(post=post)


def test_nothing_but_nodata(complain, tmp_path):
    assert 'no valid pixel' in complain(post=raster(tmp_path / 'empty.tif', value=0))


def test_pre_image_elsewhere(complain, tmp_path):
    pre = raster(tmp_path / 'far.tif', origin=(700_000, 4_000_000))
    message = complain('--pre', pre)
    assert 'far.tif' in message
    assert 'overlap' in message


def test_checkpoint_of_another_network(complain, tmp_path):
    torch.save({'state_dict': {'stranger': torch.ones(1)}}, tmp_path / 'other.pth')
    message = complain(checkpoint=tmp_path / 'other.pth')
    assert 'does not fit its config' in message
    assert 'stranger' in message


def test_config_that_is_missing_or_cannot_map(complain, tmp_path):
    assert 'gone.py does not exist' in complain(config=tmp_path / 'gone.py')
    release = ROOT / 'configs' / 'dfpenet' / 'release_2class.py'
    assert 'has no mapping section' in complain(config=release)
    options = ('--cfg-options', 'mapping.threshold=0.6')
    assert 'has no mapping section' in complain(*options, config=release)


@pytest.mark.parametrize(
    ('option', 'complaint'),
    [
        ('mapping.threshold=7', 'threshold'),
        ('mapping.stride=0', 'stride'),
        ('mapping.colour=red', 'colour'),
        ('postproc.0.type=Magic', 'Magic'),
        ('mapping.predictor.precision=int3', 'int3'),
        ('nonsense', 'KEY=VALUE'),
        ('mapping.threshold=abc', 'threshold'),
        ('mapping.window=128.5', 'window'),
        ('mapping.batch_size=None', 'batch_size'),
        ('mapping.bands=3', 'bands'),
        ('mapping.bands=[a,b,c]', 'bands'),
        ('mapping=5', 'mapping'),
        ('postproc=3', 'postproc'),
        ('mapping.predictor.landslide_class=a', 'landslide_class'),
        ('mapping.scaling.clip=5', 'clip'),
        ('maping.threshold=0.9', 'did you mean mapping?'),
        ('postprocess=[]', 'did you mean postproc or'),
    ],
)
def test_impossible_options(complain, option, complaint):
    assert complaint in complain('--cfg-options', option)


def test_unknown_device(complain):
    assert 'abacus' in complain('--device', 'abacus')


def test_output_folder_in_use(tmp_path, capsys):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'precious.txt').write_text('keep')
    post = raster(tmp_path / 'good.tif')
    with pytest.raises(SystemExit) as exit_info:
        main([str(CONFIG), str(CHECKPOINT), '--post', str(post), '--out', str(tmp_path / 'mine')])
    assert exit_info.value.code == 2
    assert 'is not empty' in capsys.readouterr().err
    assert (tmp_path / 'mine' / 'precious.txt').read_text() == 'keep'
    assert len(list((tmp_path / 'mine').iterdir())) == 1


def test_debug_shows_the_traceback(tmp_path):
    good, out = ['--out', str(tmp_path)], ['--post', str(tmp_path / 'nowhere.tif')]
    with pytest.raises(InputFileError, match='does not exist'):
        main([str(CONFIG), str(CHECKPOINT), '--debug', *good, *out])
