import json
import pickle
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.exposure import match_histograms

from dfpenet_mm.mapping.scene.histogram_lookup import NODES, HistogramLookup

IMAGES = arrays(np.float64, (2, 4, 5), elements=st.integers(0, 12).map(float))


def between(source, target):
    return HistogramLookup.between(source.reshape(len(source), -1), target.reshape(len(target), -1))


@given(IMAGES, IMAGES)
def test_it_matches_as_scikit_image_does(source, target):
    matched = between(source, target).apply(source)
    expected = match_histograms(source, target, channel_axis=0)
    np.testing.assert_allclose(matched, expected, atol=1e-5)


@given(IMAGES, IMAGES)
def test_it_never_falls_and_is_constant_beyond_its_ends(source, target):
    lookup = between(source, target)
    ramp = np.linspace(-5, 20, 60)
    matched = lookup.apply(np.stack([ramp, ramp])[:, None])[:, 0]
    assert (np.diff(matched) >= 0).all()
    for band, found in zip(target, matched, strict=True):
        assert found[0] >= band.min()
        assert found[-1] == pytest.approx(band.max(), abs=1e-5)


def test_many_values_are_thinned_without_harm():
    rng = np.random.default_rng(0)
    source = np.rint(rng.gamma(2, 900, (1, 200, 300)))
    target = np.rint(rng.gamma(4, 300, (1, 200, 300)))
    lookup = between(source, target)
    assert len(np.unique(source)) > 3 * NODES
    assert len(lookup.source[0]) <= NODES
    expected = match_histograms(source, target, channel_axis=0)
    off = np.abs(lookup.apply(source) - expected)
    assert np.percentile(off, 99) < 5
    # The brightest pixels of all are few, and a curve through them is kept nevertheless.
    assert off.max() < 100


def test_values_that_are_not_whole_are_looked_up_finely():
    rng = np.random.default_rng(0)
    source, target = rng.normal(0, 1e-3, (1, 20, 40)), rng.normal(5, 2, (1, 20, 40))
    expected = match_histograms(source, target, channel_axis=0)
    np.testing.assert_allclose(between(source, target).apply(source), expected, atol=0.05)


def test_a_band_of_one_value_becomes_the_largest_of_the_other():
    lookup = between(np.full((1, 3, 4), 2.5), np.arange(12.0).reshape(1, 3, 4))
    np.testing.assert_array_equal(lookup.apply(np.array([[[2.5, 0, 99]]])), 11)


def test_it_survives_json_and_pickling():
    lookup = between(np.arange(12.0).reshape(1, 3, 4), np.arange(0, 24.0, 2).reshape(1, 3, 4))
    assert HistogramLookup.from_dict(json.loads(json.dumps(asdict(lookup)))) == lookup
    lookup.apply(np.ones((1, 2, 2)))
    assert pickle.loads(pickle.dumps(lookup)) == lookup


def test_every_third_pixel_of_every_third_row_tells_nearly_the_same():
    rng = np.random.default_rng(0)
    source = np.rint(rng.gamma(4, 20, (1, 300, 400))).clip(0, 255)
    target = np.rint(rng.normal(120, 30, (1, 300, 400))).clip(0, 255)
    expected = match_histograms(source, target, channel_axis=0)
    found = between(source[:, ::3, ::3], target[:, ::3, ::3]).apply(source)
    assert np.abs(found - expected).mean() < 1
