from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from dfpenet_mm.datasets import VaihingenDataset
from dfpenet_mm.datasets.isprs import read_window_list
from dfpenet_mm.errors import InputFileError
from dfpenet_mm.preparation.isprs.collections import VAIHINGEN
from dfpenet_mm.preparation.isprs.converter import convert_isprs
from dfpenet_mm.resources import config_dir
from tests.preparation.isprs.isprs_download import image_of, vaihingen

pytestmark = pytest.mark.usefixtures('mmseg_scope')
IDENTITY = {value: value for value in (0, 1, 2, 3, 4, 5, 255)}
PIPELINE = [{'type': 'LoadRasterImage'}, {'type': 'LoadRasterMask', 'value_map': IDENTITY}]


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    root = tmp_path_factory.mktemp('isprs')
    labels = vaihingen(root / 'raw', eroded=False)
    convert_isprs(VAIHINGEN, [root / 'raw'], root / 'data', patch=32)
    return str(root / 'data'), {f'area{number}': truth for number, truth in labels.items()}


def build(root, split, **settings):
    return DATASETS.build(
        {
            'type': 'VaihingenDataset',
            'data_root': root,
            'ann_file': f'splits/{split}.txt',
            'pipeline': PIPELINE,
            **settings,
        }
    )


def name_of(sample):
    return sample['img_path'].rpartition('/')[2].removesuffix('.tif')


def test_classes_and_colours_are_the_official_ones():
    info = VaihingenDataset.METAINFO
    assert dict(zip(info['classes'], map(tuple, info['palette']), strict=True)) == {
        'impervious_surface': (255, 255, 255),
        'building': (0, 0, 255),
        'low_vegetation': (0, 255, 255),
        'tree': (0, 255, 0),
        'car': (255, 255, 0),
        'clutter': (255, 0, 0),
    }


@pytest.mark.parametrize(
    ('split', 'count', 'tiles'),
    [
        ('train', 24800, 16),
        ('test', 6205, 17),
        ('pd_train', 26800, 20),
        ('pd_train_clean', 26800, 16),
    ],
)
def test_splits_have_the_papers_numbers(prepared, split, count, tiles):
    samples = build(prepared[0], split)
    assert len(samples) == count
    infos = [samples.get_data_info(index) for index in range(0, count, count // tiles)]
    assert len({info['img_path'] for info in infos}) == tiles


def test_a_sample_is_the_window_of_its_tile(prepared):
    root, labels = prepared
    samples = build(root, 'train')
    for index in (0, 1, 20000):
        sample = samples[index]
        row, col, height, width = sample['window']
        part = np.s_[row : row + height, col : col + width]
        truth = labels[name_of(sample)]
        np.testing.assert_array_equal(sample['gt_seg_map'], truth[part])
        image = image_of(truth, int(name_of(sample).removeprefix('area')))
        np.testing.assert_array_equal(sample['img'], image[part])
        assert sample['ori_shape'] == sample['img_shape'] == (32, 32)


def test_test_tiles_score_every_pixel_once(prepared):
    root, labels = prepared
    samples = build(root, 'test_tiles')
    scored = {name: np.zeros(truth.shape, int) for name, truth in labels.items()}
    for sample in samples:
        row, col, height, width = sample['window']
        part = np.s_[row : row + height, col : col + width]
        new = sample['gt_seg_map'] != 255
        scored[name_of(sample)][part] += new
        truth = labels[name_of(sample)][part]
        np.testing.assert_array_equal(sample['gt_seg_map'][new], truth[new])
    test = set(map(VAIHINGEN.tile_name, VAIHINGEN.test))
    assert all((counts == (name in test)).all() for name, counts in scored.items())


def test_eroded_labels_are_chosen_by_prefix(prepared):
    samples = build(prepared[0], 'train', data_prefix={'seg_map_path': 'labels_eroded'})
    assert (samples[0]['gt_seg_map'] == 255).any()
    assert samples[0]['img_path'].startswith(f'{prepared[0]}/images/')


def test_pre_training_sees_four_test_tiles_that_the_unseen_list_leaves_out(prepared):
    def tiles(split):
        windows = read_window_list(Path(prepared[0], 'splits', f'{split}.txt'))
        return {window.tile for window in windows}

    train, test = tiles('train'), tiles('test')
    assert not train & test
    assert train < tiles('pd_train')
    assert len(tiles('pd_train') & test) == 4
    assert tiles('pd_train') & test == {'area8', 'area16', 'area27', 'area35'}
    assert tiles('test_tiles_unseen_in_pd') == test - tiles('pd_train')
    assert tiles('pd_train_clean') == train
    comment = Path(prepared[0], 'splits', 'pd_train.txt').read_text().splitlines()[0]
    assert 'also of the test tiles 8, 16, 27, 35' in comment


def test_missing_and_empty_splits(prepared, tmp_path):
    with pytest.raises(InputFileError, match=r'splits/val\.txt cannot be read'):
        build(prepared[0], 'val')
    (tmp_path / 'splits').mkdir()
    (tmp_path / 'splits' / 'val.txt').write_text('# none\n')
    with pytest.raises(InputFileError, match='lists no window'):
        build(str(tmp_path), 'val')


def test_missing_tiles_are_counted(tmp_path):
    (tmp_path / 'splits').mkdir()
    (tmp_path / 'splits' / 'val.txt').write_text('area9 0 0 8 8\n')
    with pytest.raises(InputFileError, match=r'2 of the 2 images and labels.*images/area9\.tif'):
        build(str(tmp_path), 'val')


@pytest.mark.parametrize(
    ('name', 'train', 'test'),
    [
        ('vaihingen', 24800, 'test_tiles'),
        ('vaihingen_pd', 26800, 'test_tiles_unseen_in_pd'),
        ('vaihingen_pd_clean', 26800, 'test_tiles'),
    ],
)
def test_configs_train_and_score_as_the_paper_does(prepared, name, train, test):
    config = Config.fromfile(config_dir() / 'dfpenet' / f'{name}.py')
    for part in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        config[part].dataset.data_root = prepared[0]
    assert config.train_dataloader.batch_size == 4
    assert len(DATASETS.build(config.train_dataloader.dataset)) == train
    for part in (config.val_dataloader, config.test_dataloader):
        assert part.dataset.ann_file == f'splits/{test}.txt'
        sample = DATASETS.build(part.dataset)[0]
        assert sample['inputs'].shape == (3, 32, 32)
        assert '/labels_eroded/' in sample['data_samples'].seg_map_path
    assert config.test_evaluator.unscored_classes == ('clutter',)


def test_training_flips_and_blurs():
    config = Config.fromfile(config_dir() / '_base_' / 'datasets' / 'vaihingen.py')
    flip, blur = config.train_pipeline[2:4]
    assert (flip.type, flip.prob, flip.direction) == ('RandomFlip', 0.5, 'horizontal')
    assert (blur.type, blur.sigma) == ('RandomGaussianBlur', (0.0, 1.0))
    assert config.train_dataloader.dataset.pipeline == config.train_pipeline
