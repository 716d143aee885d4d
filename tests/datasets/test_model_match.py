"""Bands, classes and values of a data set are held against the network before training."""

import numpy as np
import pytest
import rasterio

from dfpenet_mm.datasets.data_check import check_data
from dfpenet_mm.errors import ConfigError
from tests.datasets.generated_chips import PIPELINE, chip, config, part, write

pytestmark = [
    pytest.mark.usefixtures('mmseg_scope'),
    pytest.mark.filterwarnings('ignore::rasterio.errors.NotGeoreferencedWarning'),
]
NETWORK = {
    'data_preprocessor': {'type': 'SegDataPreProcessor', 'mean': [1, 2, 3], 'std': [1, 1, 1]},
    'backbone': {'type': 'MobileNetV2'},
    'decode_head': {'type': 'DFPEHead', 'num_classes': 2},
}


def test_network_that_fits(train):
    check_data(config(part(train), model=NETWORK))
    wrapped = {'type': 'SegTTAModel', 'module': NETWORK}
    check_data(config(part(train), model=wrapped))


@pytest.mark.parametrize(
    ('change', 'complaint'),
    [
        (
            {'backbone': {'type': 'ResNet', 'in_channels': 4}},
            r"ResNet takes 4 band.*: wrap it: type='AnyBandBackbone', network='ResNet', in_ch.*=3",
        ),
        (
            {'backbone': {'type': 'ResNetStemFeatures', 'in_channels': 4}},
            'takes 4 band.*: set its in_channels to 3',
        ),
        ({'data_preprocessor': {'mean': [1] * 4, 'std': [1] * 4}}, 'mean of .* has 4 numbers'),
        ({'decode_head': {'type': 'DFPEHead', 'num_classes': 6}}, 'num_classes 6 and .* 2'),
        ({'auxiliary_head': [{'type': 'FCNHead', 'num_classes': 3}]}, 'FCNHead has num_classes 3'),
        (
            {'decode_head': {'loss_decode': [{'type': 'Focal', 'class_weight': [1, 2, 3]}]}},
            'class_weight of Focal has 3 numbers and the data set 2 classes',
        ),
    ],
)
def test_network_of_other_bands_or_classes(train, change, complaint):
    for model in (NETWORK | change, {'module': NETWORK | change}):
        with pytest.raises(ConfigError, match=complaint):
            check_data(config(part(train), model=model))


def values_of(train, mean, std, *, factor=1.0, dtype='float32', **settings):
    """Let the check compare chips of 1 to 8 times a factor with a mean and std."""
    for name in ('a', 'b'):
        values = np.random.default_rng(0).integers(1, 9, (3, 4, 4)) * factor
        write(train / 'images' / f'{name}.tif', values.astype(dtype))
    preprocessor = {'type': 'SegDataPreProcessor', 'mean': mean, 'std': std}
    model = {**NETWORK, 'data_preprocessor': preprocessor}
    return check_data(config(part(train, **settings), model=model)).warnings


def test_values_that_are_not_the_networks(train):
    (warning,) = values_of(train, [4, 4, 4], [2, 2, 2], factor=100, dtype='uint16')
    assert 'images of train hold values from 100 to 800, of which 100 to 800 reach' in warning
    assert 'in band 1, and the mean of 4 and std of 2 ' in warning
    assert ' are those of -2 to 10;' in warning
    # Reflectances, for a network of 8 bits; and one band of three that is of another kind.
    assert values_of(train, [60, 60, 60], [30, 30, 30], factor=0.01)
    assert 'band 3, and the mean of 400' in values_of(train, [4, 4, 400], [2, 2, 40])[0]


def test_values_that_are_the_networks(train):
    assert values_of(train, [4, 4, 4], [2, 2, 2]) == ()
    assert values_of(train, [4], [2]) == ()
    # A network that normalises by itself says nothing.
    assert values_of(train, [0, 0, 0], [1, 1, 1], factor=1000) == ()
    scaled = {
        'type': 'MatchBandStatistics',
        'mean': [400] * 3,
        'std': [200] * 3,
        'target_mean': [4] * 3,
        'target_std': [2] * 3,
    }
    pipeline = [*PIPELINE[:2], scaled, PIPELINE[2]]
    assert values_of(train, [4] * 3, [2] * 3, factor=100, pipeline=pipeline) == ()


def test_pixels_that_are_ignored_say_nothing_of_the_values(train):
    chip(train, 'fill', mask=[[7, 7, 7, 0]] * 4, dtype='int16')
    with rasterio.open(train / 'images' / 'fill.tif', 'r+') as file:
        file.write(np.full((3, 4, 3), -9999, np.int16), window=((0, 4), (0, 3)))
    model = {**NETWORK, 'data_preprocessor': {'mean': [4] * 3, 'std': [2] * 3}}
    report = check_data(config(part(train), model=model))
    assert report.warnings == (
        'images are of several types (int16, uint8), whose values may not be alike',
    )


def test_a_pipeline_that_fails_is_one_sentence(train):
    scaled = {'type': 'RandomCrop', 'crop_size': (2, 2), 'cat_max_ratio': 'much'}
    model = {**NETWORK, 'data_preprocessor': {'mean': [4] * 3, 'std': [2] * 3}}
    pipeline = [*PIPELINE[:2], scaled, PIPELINE[2]]
    with pytest.raises(ConfigError, match=r'sample 0 of the train data set cannot be made \(Typ'):
        check_data(config(part(train, pipeline=pipeline), model=model))


def test_class_that_the_data_set_lacks(train):
    pipeline = [PIPELINE[0], {'type': 'LoadRasterMask', 'value_map': {0: 0, 1: 2}}]
    with pytest.raises(ConfigError, match=r'value_map gives the classes \[2\]'):
        check_data(config(part(train, pipeline=pipeline)))
