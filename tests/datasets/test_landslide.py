import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from mmseg.registry import DATASETS
from PIL import Image

from dfpenet_mm.datasets import LandslideDataset
from dfpenet_mm.errors import ConfigError, InputFileError

pytestmark = [
    pytest.mark.usefixtures('mmseg_scope'),
    pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning'),
]
MASK = {'type': 'LoadRasterMask', 'value_map': {0: 0, 255: 1}}


def picture(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def chip(root, name, suffix='.png'):
    picture(root / f'images/{name}{suffix}', np.full((4, 4, 3), 9, np.uint8))
    picture(root / f'masks/{name}.png', np.eye(4, dtype=np.uint8) * 255)


def names(dataset):
    return [dataset.get_data_info(i)['img_path'].rsplit('/', 1)[1] for i in range(len(dataset))]


@pytest.fixture
def root(tmp_path):
    for name in ('b', 'a'):
        chip(tmp_path, name)
    return tmp_path


def test_chips_come_sorted_with_their_masks(root):
    chips = LandslideDataset(data_root=str(root), pipeline=[{'type': 'LoadRasterImage'}, MASK])
    assert names(chips) == ['a.png', 'b.png']
    np.testing.assert_array_equal(chips[0]['gt_seg_map'], np.eye(4))
    assert chips.metainfo['classes'] == ('background', 'landslide')


def test_a_sample_knows_the_size_of_its_pixels(root):
    pipeline = [{'type': 'LoadRasterImage'}, MASK]
    chips = LandslideDataset(data_root=str(root), pipeline=pipeline, pixel_size=10)
    assert chips[1]['pixel_size'] == 10.0
    assert 'pixel_size' not in LandslideDataset(data_root=str(root), pipeline=pipeline)[1]


@pytest.mark.parametrize('size', [0, -1.0, 'ten', True, float('nan'), float('inf')])
def test_a_pixel_size_is_a_number_of_metres(root, size):
    with pytest.raises(ConfigError, match='give metres on the ground, above 0'):
        LandslideDataset(data_root=str(root), pixel_size=size)


@pytest.mark.parametrize('palette', [None, [[0, 0, 0], [255, 0, 0], [0, 0, 255]]])
def test_landslides_of_several_kinds_are_classes(root, palette):
    metainfo = {'classes': ('background', 'scar', 'deposit')}
    if palette:
        metainfo['palette'] = palette
    mask = {'type': 'LoadRasterMask', 'value_map': {0: 0, 255: 2}}
    pipeline = [{'type': 'LoadRasterImage'}, mask]
    chips = LandslideDataset(data_root=str(root), pipeline=pipeline, metainfo=metainfo)
    assert chips.metainfo['classes'] == ('background', 'scar', 'deposit')
    assert len(chips.metainfo['palette']) == 3
    assert not palette or chips.metainfo['palette'] == palette
    np.testing.assert_array_equal(chips[0]['gt_seg_map'], 2 * np.eye(4))


def test_other_names_of_the_two_classes_keep_their_colours(root):
    metainfo = {'classes': ('stable', 'debris flow')}
    chips = LandslideDataset(data_root=str(root), pipeline=[], metainfo=metainfo)
    assert chips.metainfo['palette'] == [[0, 0, 0], [255, 0, 0]]


def test_images_of_several_formats_find_masks_of_another(tmp_path):
    chip(tmp_path, 'jpeg', '.jpg')
    chip(tmp_path, 'deep/png')
    chip(tmp_path, 'capitals', '.TIF')
    (tmp_path / 'images' / 'capitals.TIF.aux.xml').write_text('statistics of a viewer')
    (tmp_path / 'images' / '.jpeg.jpg').write_text('what a file manager leaves')
    chips = LandslideDataset(data_root=str(tmp_path), pipeline=[{'type': 'LoadRasterImage'}, MASK])
    assert names(chips) == ['capitals.TIF', 'png.png', 'jpeg.jpg']
    assert [item['gt_seg_map'].sum() for item in chips] == [4, 4, 4]


def test_16_bit_bands_are_chosen(tmp_path):
    bands = np.arange(5 * 4, dtype=np.uint16).reshape(5, 2, 2) * 1000
    (tmp_path / 'images').mkdir()
    with rasterio.open(
        tmp_path / 'images/a.tif', 'w', driver='GTiff', count=5, height=2, width=2, dtype='uint16'
    ) as file:
        file.write(bands)
    loading = [{'type': 'LoadRasterImage', 'bands': (5, 1, 4, 2)}]
    folders = {'img_path': 'images'}
    chips = LandslideDataset(data_root=str(tmp_path), data_prefix=folders, pipeline=loading)
    np.testing.assert_array_equal(chips[0]['img'], np.moveaxis(bands[[4, 0, 3, 1]], 0, -1))


def test_missing_masks_are_named_at_once(root):
    (root / 'masks' / 'b.png').unlink()
    with pytest.raises(InputFileError, match=r'1 of 2 images have no mask.*masks: b; '):
        LandslideDataset(data_root=str(root))


def test_of_many_missing_masks_ten_are_named(tmp_path):
    for index in range(13):
        picture(tmp_path / f'images/{index:02}.png', np.zeros((2, 2), np.uint8))
    with pytest.raises(InputFileError, match=r'13 of 13.*: 00, 01.*, 09 and 3 more;'):
        LandslideDataset(data_root=str(tmp_path))


@pytest.mark.parametrize('name', ['nowhere', '.'])
def test_no_images(tmp_path, name):
    (tmp_path / 'images').mkdir()
    with pytest.raises(InputFileError, match='holds no image'):
        LandslideDataset(data_root=str(tmp_path / name))


def test_two_images_of_one_name(root):
    chip(root, 'a', '.jpg')
    with pytest.raises(InputFileError, match=r'both a\.jpg and a\.png; .* img_suffix'):
        LandslideDataset(data_root=str(root))
    chips = LandslideDataset(data_root=str(root), img_suffix='.jpg')
    assert names(chips) == ['a.jpg']


def test_images_and_masks_in_one_folder(tmp_path):
    picture(tmp_path / 'a_sat.png', np.zeros((2, 2, 3), np.uint8))
    picture(tmp_path / 'a_mask.png', np.zeros((2, 2), np.uint8))
    chips = LandslideDataset(
        data_root=str(tmp_path),
        data_prefix={'img_path': '', 'seg_map_path': ''},
        img_suffix='_sat.png',
        seg_map_suffix=['_mask.png'],
    )
    info = chips.get_data_info(0)
    assert info['img_path'].endswith('a_sat.png')
    assert info['seg_map_path'].endswith('a_mask.png')


def test_split_chooses_chips(root):
    (root / 'train.txt').write_text('# of the west\n\nb.png\n')
    assert names(LandslideDataset(data_root=str(root), split='train.txt')) == ['b.png']


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [('a\nc\nd', '2 missing chips: c, d;'), ('a\nb\na', 'a more than once'), ('\n', 'no chip')],
)
def test_split_that_does_not_fit(root, text, complaint):
    (root / 'train.txt').write_text(text)
    with pytest.raises(InputFileError, match=complaint):
        LandslideDataset(data_root=str(root), split='train.txt')


def test_split_that_is_missing(root):
    with pytest.raises(InputFileError, match=r'gone\.txt cannot be read'):
        LandslideDataset(data_root=str(root), split='gone.txt')


def test_masks_without_image_are_told(root):
    (root / 'images' / 'b.png').unlink()
    assert LandslideDataset(data_root=str(root)).unused_masks() == ['b']


@pytest.fixture(scope='module')
def twenty(tmp_path_factory):
    root = tmp_path_factory.mktemp('twenty')
    for index in range(20):
        chip(root, f'{index:02}')
    return root


@settings(max_examples=25)
@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=2).map(sorted), st.integers(0, 9))
def test_fractions_are_nested(twenty, fractions, seed):
    small, large = (
        set(names(LandslideDataset(data_root=str(twenty), fraction=share, fraction_seed=seed)))
        for share in fractions
    )
    assert small <= large
    assert len(small) == max(1, round(20 * fractions[0]))


def test_seeds_draw_different_chips(twenty):
    draws = {
        tuple(names(LandslideDataset(data_root=str(twenty), fraction=0.25, fraction_seed=seed)))
        for seed in range(5)
    }
    assert len(draws) == 5


@pytest.mark.parametrize('fraction', [0, -0.5, 1.01, 'half', True, float('nan')])
def test_fraction_out_of_range(root, fraction):
    with pytest.raises(ConfigError, match='fraction is'):
        LandslideDataset(data_root=str(root), fraction=fraction)


def test_data_sets_concatenate(root, twenty):
    part = {'type': 'LandslideDataset', 'pipeline': [{'type': 'LoadRasterImage'}, MASK]}
    parts = [part | {'data_root': str(root)}, part | {'data_root': str(twenty), 'fraction': 0.5}]
    both = DATASETS.build({'type': 'ConcatDataset', 'datasets': parts})
    assert len(both) == 2 + 10
    assert str(root) in both[1]['img_path']
    assert str(twenty) in both[2]['img_path']
