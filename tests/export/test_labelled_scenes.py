import numpy as np
import pytest

from dfpenet_mm.export.labelled_scenes import GROUND_WINDOWS, LabelledMapper, coarser
from dfpenet_mm.mapping.scene.scaling import LinearScale, PercentileStretch


def red(chips):
    return chips[:, 0] / np.float32(255)


def mapper(scaling=None, window=8):
    scaling = scaling or LinearScale()
    return LabelledMapper(red, scaling=scaling, window=window, stride=window, batch_size=2)


def test_averaging_by_hand():
    bands = np.array([[[1.0, 3, 5, 7], [1, 3, 5, 7]]])
    labels = np.array([[1, 0, 255, 255], [1, 0, 255, 0]])
    smaller, coarse = coarser(bands, labels, 2)
    assert smaller.tolist() == [[[2, 6]]]
    assert coarse.tolist() == [[1, 255]]
    assert coarser(bands, labels, 1)[0] is bands


def test_averaging_to_pixels_of_no_whole_number_keeps_the_mean():
    bands = np.random.default_rng(0).uniform(0, 255, (3, 30, 45))
    smaller, coarse = coarser(bands, np.zeros((30, 45), np.uint8), 1.5)
    assert smaller.shape == (3, 20, 30)
    assert coarse.shape == (20, 30)
    np.testing.assert_allclose(smaller.mean(axis=(1, 2)), bands.mean(axis=(1, 2)), rtol=1e-5)


def test_a_scene_is_counted_pixel_by_pixel():
    bands = np.full((3, 20, 13), 51.0)
    bands[:, :4] = 204
    labels = np.zeros((20, 13), np.uint8)
    labels[:2], labels[2] = 1, 255
    counts = mapper().scene(bands, labels, 2.0)
    high, low = round(0.8 * 65535), round(0.2 * 65535)
    assert (counts.landslide[high], counts.other[high]) == (26, 13)
    assert (counts.landslide[low], counts.other[low]) == (0, 16 * 13)
    assert counts.pixels.sum() == 19 * 13


def test_a_scene_is_stretched_and_a_chip_is_not():
    bands = np.tile(np.linspace(1000, 2000, 8), (3, 8, 1))
    labels = np.ones((8, 8), np.uint8)
    stretch = PercentileStretch(target_lower=(0,) * 3, target_upper=(255,) * 3, lower=0, upper=100)
    counts = mapper(stretch).scene(bands, labels, 10.0)
    assert counts.landslide[0] == counts.landslide[-1] == 8
    assert mapper(stretch).chip(bands, labels).landslide[-1] == 64


def test_ground_is_described_as_it_is_and_as_it_is_stretched():
    bands = np.random.default_rng(0).uniform(100, 120, (3, 64, 64))
    stretch = PercentileStretch(target_lower=(0,) * 3, target_upper=(255,) * 3)
    found = np.array(list(mapper(stretch, window=32).ground(bands, 10.0)))
    assert len(found) == 2 * 4
    # Contrast of the first band, stretched and as it is.
    assert found[0, 3] > found[1, 3] + 1
    assert found[1, 0] == pytest.approx(np.log(115), abs=0.02)
    many = list(mapper(window=16).ground(np.tile(bands, (1, 2, 2)), 10.0))
    assert len(many) == 2 * GROUND_WINDOWS
    assert list(mapper(stretch).ground(np.full((3, 64, 64), 7.0), 10.0)) == []
