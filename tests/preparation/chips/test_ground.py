"""Ground without landslides, from pictures and from scenes."""

import json

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError, InputFileError, OutputError, RasterFormatError
from dfpenet_mm.mapping.scene.scaling import LinearScale
from dfpenet_mm.preparation.chips.ground import GroundCut, copy_pictures, cut_scene
from tests.preparation.chips.chip_world import write_scene

pytestmark = pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning')


PLAIN = np.full((5, 7, 3), 9, np.uint8)


def picture(path, pixels=PLAIN):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read(path):
    with rasterio.open(path) as raster:
        return raster.read()


def test_every_third_number_is_held_out(tmp_path):
    for name in ('beach1.jpg', 'beach3.jpg', 'river_2_12.png', 'forest7.JPG', 'forest09.tif'):
        picture(tmp_path / 'photos' / name)
    (tmp_path / 'photos' / 'read_me_3.txt').write_text('no picture')
    counts = copy_pictures(tmp_path / 'photos', tmp_path / 'out')
    assert counts == {'train': 2, 'val': 3}
    assert names(tmp_path / 'out/train/images') == ['beach1.jpg', 'forest7.JPG']
    assert names(tmp_path / 'out/val/masks') == ['beach3.png', 'forest09.png', 'river_2_12.png']
    original = (tmp_path / 'photos/beach1.jpg').read_bytes()
    assert (tmp_path / 'out/train/images/beach1.jpg').read_bytes() == original
    np.testing.assert_array_equal(read(tmp_path / 'out/val/masks/beach3.png'), np.zeros((1, 5, 7)))
    assert json.loads((tmp_path / 'out/summary.json').read_text())['samples'] == counts


def test_pictures_without_numbers_are_counted(tmp_path):
    for name in 'abcd':
        picture(tmp_path / 'photos' / f'{name}.png')
    copy_pictures(tmp_path / 'photos', tmp_path / 'out')
    assert names(tmp_path / 'out/val/images') == ['a.png', 'd.png']


@pytest.mark.parametrize(
    ('file', 'pixels', 'error', 'said'),
    [
        (None, None, InputFileError, 'holds no picture ending in'),
        ('b.png', np.zeros((4, 4), np.uint8), RasterFormatError, 'has 1 bands of uint8'),
        ('b.png', np.zeros((4, 4), np.uint16), RasterFormatError, 'has 1 bands of uint16'),
        ('a.jpg', np.zeros((4, 4, 3), np.uint8), InputFileError, 'share one mask'),
    ],
)
def test_pictures_that_do_not_serve(tmp_path, file, pixels, error, said):
    (tmp_path / 'photos').mkdir()
    if file:
        picture(tmp_path / 'photos' / 'a.png')
        picture(tmp_path / 'photos' / file, pixels)
    with pytest.raises(error, match=said):
        copy_pictures(tmp_path / 'photos', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_broken_picture_is_named(tmp_path):
    picture(tmp_path / 'photos' / 'a.png')
    (tmp_path / 'photos' / 'b.png').write_bytes(b'no picture')
    with pytest.raises(InputFileError, match=r'b\.png cannot be read'):
        copy_pictures(tmp_path / 'photos', tmp_path / 'out')


def test_an_earlier_data_set_is_replaced_only_if_asked(tmp_path):
    picture(tmp_path / 'photos' / 'a1.png')
    copy_pictures(tmp_path / 'photos', tmp_path / 'out')
    with pytest.raises(OutputError, match='--overwrite'):
        copy_pictures(tmp_path / 'photos', tmp_path / 'out')
    assert copy_pictures(tmp_path / 'photos', tmp_path / 'out', overwrite=True)['train'] == 1


def test_a_scene_is_cut_and_its_right_part_held_out(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 40, 60, hole=np.s_[:3, :3])
    cut = GroundCut(chip=16, stride=12, train_columns=40)
    counts = cut_scene(scene, tmp_path / 'out', cut, scaling=LinearScale(scale=0.5, clip=(0, 255)))
    # Three by three chips on the left but the one with the hole, three by two on the right.
    assert counts == {'train': 8, 'val': 6}
    assert names(tmp_path / 'out') == ['chips.gpkg', 'summary.json', 'train', 'val']
    pixels = read(scene)
    seen = np.zeros(60, bool)
    for path in (tmp_path / 'out/train/images').iterdir():
        row, col = (int(part[1:]) for part in path.stem.split('_')[1:])
        chip = read(path)
        assert chip.dtype == np.uint8
        window = Window(col, row, 16, 16).toslices()
        np.testing.assert_array_equal(chip, np.rint(pixels[:, *window] * np.float32(0.5)))
        assert not read(tmp_path / 'out/train/masks' / path.name).any()
        seen[window[1]] = True
    assert seen[:40].all()
    assert not seen[40:].any()


def test_what_has_no_data_is_ignored(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 16, 16, hole=np.s_[:2, :2])
    assert cut_scene(scene, tmp_path / 'out', GroundCut(chip=16, stride=16)) == {'train': 1}
    (mask,) = (tmp_path / 'out/train/masks').iterdir()
    expected = np.zeros((16, 16))
    expected[:2, :2] = 255
    np.testing.assert_array_equal(read(mask)[0], expected)


def test_a_scene_without_a_full_chip(tmp_path):
    scene = write_scene(tmp_path / 'scene.tif', 16, 16, hole=np.s_[:8, :8])
    with pytest.raises(RasterFormatError, match='no chip of 16 pixels with at most 3%'):
        cut_scene(scene, tmp_path / 'out', GroundCut(chip=16, stride=16))
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('columns', [10, 70, 50])
def test_columns_that_leave_no_chip(tmp_path, columns):
    scene = write_scene(tmp_path / 'scene.tif', 40, 60)
    cut = GroundCut(chip=16, stride=12, train_columns=columns)
    with pytest.raises(ConfigError, match='a scene of 40 x 60 pixels whose left'):
        cut_scene(scene, tmp_path / 'out', cut)


@pytest.mark.parametrize('change', [{'stride': 0}, {'stride': 200}, {'max_nodata': 1.0}])
def test_cuts_out_of_range(change):
    with pytest.raises(ConfigError, match='cannot be cut'):
        GroundCut(**change)
