import json

import numpy as np
import pytest
from scipy import ndimage
from shapely import box

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.novelty import (
    HALVINGS,
    KINDS,
    KnownGround,
    Novelty,
    describe_ground,
    scene_novelty,
)
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene

IDENTITY = FittedScaling((1.0,) * 3, (0.0,) * 3)


def smooth(seed, side=32):
    """Ground of soft forms in bands that are alike."""
    rng = np.random.default_rng(seed)
    form = ndimage.gaussian_filter(rng.normal(0, 1, (side, side)), rng.uniform(2, 3))
    bands = form / form.std() * rng.uniform(15, 25) + rng.normal(0, 2, (3, side, side))
    return np.clip(bands + rng.uniform(70, 90), 0, 255)


def noise(seed, side=32):
    return np.random.default_rng(seed).uniform(0, 255, (3, side, side))


def described(make, seeds, side=32):
    return np.stack([describe_ground(make(seed, side)) for seed in seeds])


@pytest.fixture(scope='module')
def known():
    return KnownGround.fit({'soft': described(smooth, range(60))})


def test_descriptors_by_hand():
    # Columns of 0 and 100 alternate: halved once, nothing is left of them.
    stripes = np.tile([[[0.0, 100.0]]], (2, 16, 8))
    found = describe_ground(stripes)
    assert len(found) == 2 * 2 + 1 + HALVINGS + 1
    np.testing.assert_allclose(found[:2], np.log(55))
    np.testing.assert_allclose(found[2:4], np.log(51))
    np.testing.assert_allclose(found[4], np.arctanh((50 / 51) ** 2), rtol=1e-4)
    np.testing.assert_allclose(found[5], np.log(100**2 + 0.5) - 2 * np.log(51), rtol=1e-5)
    np.testing.assert_allclose(found[6:], [np.log(0.5) - np.log(100**2 + 0.5), 0, 0], atol=1e-5)


def test_ground_alike_is_known_and_other_ground_is_not(known):
    own = known.distances(described(smooth, range(100, 140))) > known.limit
    other = known.distances(described(noise, range(20))) > known.limit
    assert own.mean() < 0.15
    assert other.all()


def test_a_data_set_counts_as_much_as_a_larger_one():
    few = {'soft': described(smooth, range(200)), 'rough': described(noise, range(12))}
    known = KnownGround.fit(few)
    assert len(known.kinds) <= 2 * KINDS
    assert (known.distances(described(noise, range(50, 60))) <= known.limit).mean() > 0.5


def test_distance_of_a_kind_of_ground_is_nothing():
    known = KnownGround(np.array([2.0, 1.0]), np.array([[1.0, 0], [5, 5]]), np.eye(2), 1.0)
    found = known.distances(np.array([[2.0, 0.0], [10, 6], [2, 3]]))
    np.testing.assert_allclose(found, [0, 1, 9])


def test_training_ground_survives_json(known):
    again = KnownGround.from_dict(json.loads(json.dumps(known.to_dict())))
    found = described(noise, range(5))
    np.testing.assert_allclose(again.distances(found), known.distances(found), rtol=0.01)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'limit': 'far'}, 'not all of it are numbers in even rows'),
        ({'limit': 0}, 'the limit not above 0'),
        ({'limit': float('nan')}, 'the limit not above 0'),
        ({'scale': [1, 2]}, r'scale has shape \(2,\)'),
        ({'kinds': [[1, 2], [3]]}, 'not all of it are numbers in even rows'),
        ({'precision': ...}, 'it lacks precision'),
    ],
)
def test_a_damaged_card_is_refused(known, change, said):
    values = {**known.to_dict(), **change}
    values = {name: value for name, value in values.items() if value is not ...}
    with pytest.raises(ConfigError, match=f'{said}.*tools/calibrate.py --ground'):
        KnownGround.from_dict(values)


def test_too_little_ground_is_refused():
    with pytest.raises(ConfigError, match=r'soft has 3.*wanted are at least 8'):
        KnownGround.fit({'soft': described(smooth, range(3))})
    with pytest.raises(ConfigError, match='no data set'):
        KnownGround.fit({})


@pytest.fixture
def half_noise(write_raster, tmp_path):
    """Make a scene of 4 x 4 windows, the right half noise, the last row without data."""
    bands = np.concatenate([smooth(200, 128)[:, :, :64], noise(1, 128)[:, :, 64:]], axis=2)
    bands = np.clip(bands, 1, 255)
    bands[:, 96:] = 0
    return write_raster(tmp_path / 'scene.tif', bands.astype('uint8'), nodata=0)


def test_windows_of_a_scene_are_counted(known, half_noise):
    with Scene(half_noise) as scene:
        found = scene_novelty(scene, IDENTITY, known, window=32)
    assert found.windows == 12
    assert 6 <= found.beyond <= 8
    assert found.to_dict()['share'] == found.beyond / 12


def test_only_windows_of_the_area_are_looked_at(known, half_noise):
    with Scene(half_noise) as scene:
        west, north = scene.grid.transform * (70, 2)
        east, south = scene.grid.transform * (90, 20)
        area = AreaOfInterest(half_noise, (box(west, south, east, north),), scene.grid)
        assert scene_novelty(scene, IDENTITY, known, window=32, area=area) == Novelty(1, 1)


def test_a_scene_that_is_mostly_nodata_tells_nothing(known, write_raster, tmp_path):
    bands = np.zeros((3, 40, 40), 'uint8')
    bands[:, ::2] = 90
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=0)) as scene:
        assert scene_novelty(scene, IDENTITY, known, window=32) is None
