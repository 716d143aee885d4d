import json

import numpy as np
import pytest

from dfpenet_mm.errors import ConfigError, EmptySceneError
from dfpenet_mm.mapping.scene.scaling import (
    FittedScaling,
    LinearScale,
    PercentileStretch,
    build_scaling,
)
from dfpenet_mm.mapping.scene.scene import Scene

TARGETS = {'target_lower': (10, 20, 30), 'target_upper': (200, 210, 220)}


def test_percentiles_are_mapped_to_the_training_sets(noise, write_raster, tmp_path):
    bands = noise(40, 40, 'uint16') * 37
    cfg = {'type': 'PercentileStretch', 'lower': 2, 'upper': 98, **TARGETS}
    with Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene:
        fitted = build_scaling(cfg).fit(scene)
    scaled = fitted.apply(bands.astype('float32'))
    low, high = np.percentile(bands.reshape(3, -1), (2, 98), axis=1)
    for index in range(3):
        points = [low[index], high[index]]
        goals = [TARGETS['target_lower'][index], TARGETS['target_upper'][index]]
        slope = (goals[1] - goals[0]) / (points[1] - points[0])
        expected = np.clip(goals[0] + (bands[index] - points[0]) * slope, 0, 255)
        np.testing.assert_allclose(scaled[index], expected, atol=1e-3)


def test_values_are_clipped_in_training_units():
    fitted = FittedScaling(gain=(2.0,), offset=(-10.0,), clip=(0.0, 255.0))
    scaled = fitted.apply(np.array([[[0, 50, 200]]], 'uint8'))
    assert scaled.dtype == np.float32
    np.testing.assert_array_equal(scaled, [[[0, 90, 255]]])


def test_applying_leaves_the_bands_alone():
    bands = np.ones((1, 2, 2), np.float32)
    FittedScaling(gain=(5.0,), offset=(1.0,)).apply(bands)
    np.testing.assert_array_equal(bands, 1)


def test_a_constant_band_becomes_the_middle_of_its_target(noise, write_raster, tmp_path):
    bands = noise(10, 10)
    bands[1] = 77
    with Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene:
        fitted = PercentileStretch(**TARGETS).fit(scene)
    np.testing.assert_allclose(fitted.apply(bands.astype('float32'))[1], (20 + 210) / 2)


def test_a_fitted_scaling_survives_json(noise, write_raster, tmp_path):
    with Scene(write_raster(tmp_path / 'scene.tif', noise(10, 10))) as scene:
        fitted = PercentileStretch(**TARGETS).fit(scene)
    record = json.loads(json.dumps(fitted.to_dict()))
    assert tuple(record['gain']) == fitted.gain
    assert record['clip'] == [0.0, 255.0]


def test_linear_scale_treats_every_band_alike(noise, write_raster, tmp_path):
    with Scene(write_raster(tmp_path / 'scene.tif', noise(4, 4)), bands=(1, 2)) as scene:
        fitted = LinearScale(scale=0.5, offset=3).fit(scene)
    np.testing.assert_array_equal(fitted.apply(np.full((2, 1, 1), 8.0)), np.full((2, 1, 1), 7.0))


def test_targets_must_be_one_a_band(noise, write_raster, tmp_path):
    with (
        Scene(write_raster(tmp_path / 'scene.tif', noise(4, 4)), bands=(1, 2)) as scene,
        pytest.raises(ConfigError, match=r'3 bands .*scene\.tif is read with 2 bands'),
    ):
        PercentileStretch(**TARGETS).fit(scene)
    with pytest.raises(ConfigError, match='one a band in both'):
        PercentileStretch(target_lower=(1,), target_upper=(2, 3))


@pytest.mark.parametrize('ends', [(50, 50), (-1, 99), (1, 101), (99, 1)], ids=str)
def test_percentiles_must_be_in_order(ends):
    with pytest.raises(ConfigError, match='lower one first'):
        PercentileStretch(**TARGETS, lower=ends[0], upper=ends[1])


def test_a_scene_without_contrast_is_refused(write_raster, tmp_path):
    bands = np.full((3, 10, 10), 700, np.uint16)
    with (
        Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene,
        pytest.raises(EmptySceneError, match=r'scene\.tif has no contrast'),
    ):
        PercentileStretch(**TARGETS).fit(scene)
