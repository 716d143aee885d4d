"""Every fault of a data set is found before training, all at once, and named."""

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from PIL import Image

from dfpenet_mm.datasets import LandslideDataset
from dfpenet_mm.datasets.data_check import check_data
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.resources import config_dir
from tests.datasets.generated_chips import PIPELINE, chip, config, part, write

pytestmark = [
    pytest.mark.usefixtures('mmseg_scope'),
    pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning'),
]


def test_pixels_of_every_class_are_counted(train, val):
    chip(val, 'd', mask=[[0, 1, 7, 7]] * 4)
    report = check_data(config(part(train), part(val)))
    assert [split.name for split in report.splits] == ['train', 'val']
    assert report.splits[0].pixels == {'background': 24, 'landslide': 8}
    assert report.splits[1].pixels == {'background': 4, 'landslide': 4}
    assert report.splits[1].ignored == 16 + 8
    assert report.lines()[0] == (
        'data: train: 2 samples of 2 images; labels: background 75.00%, landslide 25.00%; '
        'ignored: 0 pixels (0.00% of all)'
    )
    assert report.warnings == ('1 mask of val is ignored as a whole: c.tif',)


def test_config_is_left_as_it_was(train, val):
    before = config(part(train), part(val))
    check_data(before)
    assert before.to_dict() == config(part(train), part(val)).to_dict()


def test_wrappers_are_looked_into(train, val):
    both = {'type': 'ConcatDataset', 'datasets': [part(train), part(val)]}
    report = check_data(config({'type': 'RepeatDataset', 'dataset': both, 'times': 5}))
    (split,) = report.splits
    assert (split.samples, split.images) == (15, 3)
    assert split.pixels['landslide'] == 8


def test_all_bad_files_are_told_in_one_sentence(train, val):
    chip(train, 'few', bands=2)
    chip(train, 'odd', shape=(4, 5))
    chip(val, 'strange', mask=[[0, 1, 2, 255]] * 4)
    (val / 'images' / 'torn.tif').write_bytes((val / 'images' / 'c.tif').read_bytes()[:90])
    (val / 'masks' / 'torn.tif').write_bytes((val / 'masks' / 'c.tif').read_bytes())
    with pytest.raises(InputFileError) as info:
        check_data(config(part(train), part(val)))
    message = str(info.value)
    assert 'the data sets have 4 faults: ' in message
    assert f'{train}/images/few.tif has 2 bands and the config reads [1, 2, 3]' in message
    assert f'{train}/masks/odd.tif has 4 x 4 pixels and its image 4 x 5' in message
    assert 'strange.tif holds the values 2, 255 and the config knows [0, 1, 7]' in message
    assert 'torn.tif cannot be read' in message
    assert message.count('; ') == 4


def test_ten_files_are_named_and_the_rest_counted(train):
    for index in range(13):
        chip(train, f'{index:02}', mask=np.full((4, 4), 9))
    with pytest.raises(InputFileError, match=r'13 fault.*00\.tif.*09\.tif.*; and 3 more;') as info:
        check_data(config(part(train)))
    assert '10.tif' not in str(info.value)


def test_missing_masks_and_bad_files_come_together(train, val):
    (train / 'masks' / 'b.tif').unlink()
    chip(val, 'few', bands=1)
    with pytest.raises(InputFileError, match=r'1 of 2 images have no mask.*: b; .*few\.tif'):
        check_data(config(part(train), part(val)))


def test_a_single_cause_stays_as_it_is(train, val):
    with pytest.raises(InputFileError, match=r'^/.*nowhere/images holds no image'):
        check_data(config(part(train / 'nowhere'), part(val)))


@pytest.mark.parametrize('damage', ['cut off', 'overwritten'])
def test_damaged_jpeg(tmp_path, damage):
    root = tmp_path / 'train'
    chip(root, 'a', shape=(64, 64), mask=np.eye(64))
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    (root / 'images' / 'a.tif').unlink()
    Image.fromarray(noise).save(root / 'images' / 'a.jpg')
    check_data(config(part(root)))
    whole = (root / 'images' / 'a.jpg').read_bytes()
    half = len(whole) // 2
    rest = b'' if damage == 'cut off' else bytes(range(256)) + whole[half + 256 :]
    (root / 'images' / 'a.jpg').write_bytes(whole[:half] + rest)
    with pytest.raises(InputFileError, match=r'a\.jpg cannot be read'):
        check_data(config(part(root)))


def test_values_that_are_not_finite(train):
    chip(train, 'nan', dtype='float32')
    with rasterio.open(train / 'images' / 'nan.tif', 'r+') as file:
        file.write(np.full((1, 1), np.nan, np.float32), 2, window=((0, 1), (0, 1)))
    with pytest.raises(InputFileError, match=r'nan\.tif holds values that are not finite'):
        check_data(config(part(train)))


@pytest.mark.parametrize('serialize', [True, False])
def test_empty_data_set(train, monkeypatch, serialize):
    monkeypatch.setattr(LandslideDataset, 'load_data_list', lambda _: [])
    with pytest.raises(InputFileError, match='the train data set has no sample'):
        check_data(config(part(train, serialize_data=serialize)))


def test_config_without_data():
    with pytest.raises(ConfigError, match='has no data set to check'):
        check_data(Config({'model': {}}))


def test_data_set_that_cannot_be_built(train):
    with pytest.raises(ConfigError, match='the train data set cannot be built'):
        check_data(config(part(train, type='NoSuchDataset')))


def test_loading_inside_of_other_transforms_is_found(train):
    inner = [{'type': 'LoadRasterImage', 'bands': (1, 2, 3, 4)}, PIPELINE[1]]
    pipeline = [{'type': 'RandomApply', 'transforms': inner, 'prob': 1.0}]
    with pytest.raises(InputFileError, match=r'the config reads \[1, 2, 3, 4\]'):
        check_data(config(part(train, pipeline=pipeline)))


def test_loaders_of_mmseg_take_values_for_classes(train):
    pipeline = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations'}]
    assert check_data(config(part(train, pipeline=pipeline))).splits[0].pixels['landslide'] == 8
    chip(train, 'seven', mask=np.full((4, 4), 7))
    with pytest.raises(InputFileError, match=r'seven\.tif holds the values 7'):
        check_data(config(part(train, pipeline=pipeline)))


def test_warnings(train, val):
    (val / 'images' / 'a.tif').symlink_to(train / 'images' / 'a.tif')
    (val / 'masks' / 'a.tif').symlink_to(train / 'masks' / 'a.tif')
    chip(val, 'c', mask=np.zeros((4, 4)), dtype='uint16')
    (train / 'images' / 'b.tif').unlink()
    report = check_data(config(part(train, fraction=1.0), part(val)))
    assert report.warnings == (
        '1 mask of train without an image is left out: b',
        'images are of several types (uint16, uint8), whose values may not be alike',
        'train and val share 1 image, so scores are too good: a.tif',
    )
    assert report.lines()[-1].startswith('warning: train and val share')


def test_class_that_never_occurs(train, val):
    """Nothing is learnt from it, though it may be scored."""
    chip(val, 'c', mask=np.zeros((4, 4)))
    warnings = check_data(config(part(train), part(val))).warnings
    assert warnings == ('no pixel of val is landslide',)
    with pytest.raises(InputFileError, match='1 samples, is landslide'):
        check_data(config(part(val)))


def test_landslides_of_a_value_that_is_ignored(train, val):
    """Masks of 0 and 255, as most programs write them, and a config for which 255 is nodata."""
    for root in (train, val):
        for path in (root / 'masks').glob('*.tif'):
            write(path, np.where(np.arange(16) < 2, 255, 0).reshape(1, 4, 4).astype(np.uint8))
    maps = {'type': 'LoadRasterMask', 'value_map': {0: 0, 1: 1, 255: 255}}
    parts = [part(root, pipeline=[PIPELINE[0], maps, PIPELINE[2]]) for root in (train, val)]
    with pytest.raises(InputFileError) as info:
        check_data(config(parts[0]))
    assert (
        'is landslide, so nothing can be learnt, and 12 % of the pixels are 255, which this config '
        'ignores (if that is landslide, set value_map to {..., 255: 1});'
    ) in str(info.value)
    write(train / 'masks' / 'a.tif', np.eye(4, dtype=np.uint8)[None])
    (warning,) = check_data(config(*parts)).warnings
    assert warning.startswith('no pixel of val is landslide, and 12 % of the pixels are 255, which')


def test_one_of_more_than_two_classes_may_be_absent(train):
    names = {'classes': ('background', 'scar', 'deposit')}
    report = check_data(config(part(train, metainfo=names)))
    assert report.warnings == ('no pixel of train is deposit',)
    assert report.splits[0].pixels == {'background': 24, 'scar': 8, 'deposit': 0}


def test_nothing_that_is_scored(train, val):
    line = check_data(config(part(train), part(val))).lines()[1]
    assert line.endswith('landslide 0.00%; ignored: 16 pixels (100.00% of all)')
    with pytest.raises(InputFileError, match='no pixel of the train data set has a class, 16 pix'):
        check_data(config(part(val)))


def test_masks_in_colours(train):
    """A landslide in green must not pass as background; a grey mask is what it looks like."""
    green = np.zeros((3, 4, 4), np.uint8)
    write(train / 'masks' / 'a.tif', green)
    assert check_data(config(part(train))).splits[0].pixels['landslide'] == 4
    plain = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations'}]
    with pytest.raises(InputFileError, match=r'a\.tif has 3 bands and a mask is one'):
        check_data(config(part(train, pipeline=plain)))
    green[1, 0, 0] = 1
    write(train / 'masks' / 'a.tif', green)
    with pytest.raises(InputFileError, match=r'a\.tif has 3 bands that differ and a mask is one'):
        check_data(config(part(train)))


def test_windows_of_tiles_are_read_once(train, monkeypatch):
    """A tile with many windows is one file, and no window may leave it."""
    load = LandslideDataset.load_data_list

    def windows(corner):
        def load_windows(self):
            chips = load(self)
            return [chip | {'window': (row, corner, 2, 2)} for chip in chips for row in (0, 2)]

        return load_windows

    monkeypatch.setattr(LandslideDataset, 'load_data_list', windows(2))
    (split,) = check_data(config(part(train))).splits
    assert (split.samples, split.images, split.pixels['landslide']) == (4, 2, 8)
    monkeypatch.setattr(LandslideDataset, 'load_data_list', windows(3))
    with pytest.raises(InputFileError, match=r'a\.tif has 4 x 4 .* reaches to row 4, column 5'):
        check_data(config(part(train)))


def test_base_config_of_landslide_chips(train, val):
    base = Config.fromfile(config_dir() / '_base_' / 'datasets' / 'landslide_chips.py')
    for name, root in (('train', train), ('val', val), ('test', val)):
        base[f'{name}_dataloader'].dataset.data_root = str(root)
    chip(val, 'c', mask=np.full((4, 4), 255))
    assert [split.samples for split in check_data(base).splits] == [2, 1]
    assert base.train_dataloader.batch_size == 4
    kinds = [(step.type, step.get('direction')) for step in base.train_pipeline]
    assert ('RandomFlip', 'horizontal') in kinds
    assert ('RandomFlip', 'vertical') in kinds
    assert base.crop_size == (512, 512)


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif'])
def test_images_that_viewers_turn_and_masks_that_they_do_not(train, suffix):
    turned = Image.Exif()
    turned[274] = 3
    (train / 'images' / 'a.tif').unlink()
    picture = Image.fromarray(np.full((4, 4, 3), 90, np.uint8))
    picture.save(train / 'images' / f'a{suffix}', exif=turned)
    with pytest.raises(InputFileError, match=r'a\..* has the EXIF orientation 3, by which viewers'):
        check_data(config(part(train)))
    labels = Image.fromarray(np.eye(4, dtype=np.uint8))
    labels.save(train / 'masks' / 'a.tif', exif=turned)
    check_data(config(part(train)))
    # An orientation of 1 is upright.
    turned[274] = 1
    picture.save(train / 'images' / f'a{suffix}', exif=turned)
    labels.save(train / 'masks' / 'a.tif')
    check_data(config(part(train)))
