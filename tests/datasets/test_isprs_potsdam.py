import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from dfpenet_mm.datasets import IsprsDataset, PotsdamTileDataset
from dfpenet_mm.preparation.isprs.collections import potsdam as potsdam_of
from dfpenet_mm.preparation.isprs.converter import convert_isprs
from dfpenet_mm.resources import config_dir
from tests.preparation.isprs.isprs_download import image_of, potsdam


@pytest.mark.usefixtures('mmseg_scope')
def test_four_bands_are_read_in_the_order_asked(tmp_path):
    truth = potsdam(tmp_path / 'raw', bands=4, kind='RGBIR', numbers=('2_10',))['2_10']
    source, out = tmp_path / 'raw', tmp_path / 'data'
    convert_isprs(potsdam_of('RGBIR'), [source], out, patch=32, allow_missing=True)
    samples = DATASETS.build(
        {
            'type': 'PotsdamTileDataset',
            'data_root': str(tmp_path / 'data'),
            'ann_file': 'splits/train.txt',
            'pipeline': [{'type': 'LoadRasterImage', 'bands': (4, 1, 2)}],
        }
    )
    assert len(samples) == 1550
    row, col, height, width = samples[0]['window']
    image = image_of(truth, 0, 4)[row : row + height, col : col + width]
    np.testing.assert_array_equal(samples[0]['img'], image[..., [3, 0, 1]])


def test_classes_are_those_of_vaihingen():
    assert PotsdamTileDataset.METAINFO == IsprsDataset.METAINFO


def test_base_config_is_vaihingens_on_other_data():
    folder = config_dir() / '_base_' / 'datasets'
    config, other = (Config.fromfile(folder / f'{name}.py') for name in ('potsdam', 'vaihingen'))
    for part in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = config[part].dataset
        assert (dataset.type, dataset.data_root) == ('PotsdamTileDataset', 'data/potsdam')
        dataset.update(type='VaihingenDataset', data_root='data/vaihingen')
        assert config[part] == other[part]
