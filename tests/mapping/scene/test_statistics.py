import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.mapping.scene import scene as scene_module
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.mapping.scene.statistics import (
    band_percentiles,
    histogram_percentiles,
    sample_pixels,
)

PERCENTS = (0, 1, 37.5, 99, 100)


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=60),
    st.lists(st.floats(0, 100), min_size=1, max_size=4),
)
def test_histogram_percentiles_are_numpys(values, percents):
    found = histogram_percentiles(np.bincount(values), percents)
    np.testing.assert_allclose(found, np.percentile(values, percents), atol=1e-9)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
def test_percentiles_leave_nodata_out(dtype, noise, write_raster, tmp_path, monkeypatch):
    monkeypatch.setattr(scene_module, 'TILE', 8)
    bands = noise(20, 30, dtype)
    bands[:, :7, :5] = 0
    if dtype == 'uint16':
        bands[bands > 0] += 3000
    with Scene(write_raster(tmp_path / 'scene.tif', bands, nodata=0)) as scene:
        found = band_percentiles(scene, PERCENTS)
    valid = np.ones((20, 30), bool)
    valid[:7, :5] = False
    expected = np.percentile(bands[:, valid], PERCENTS, axis=1).T
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_sample_is_one_regular_grid_through_all_tiles(noise, write_raster, tmp_path, monkeypatch):
    monkeypatch.setattr(scene_module, 'TILE', 8)
    bands = noise(20, 30, 'float32')
    with Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene:
        found = band_percentiles(scene, PERCENTS, most=67)
    expected = np.percentile(bands[:, ::3, ::3].reshape(3, -1), PERCENTS, axis=1).T
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_sample_that_meets_only_nodata_is_refined(write_raster, tmp_path):
    bands = np.full((3, 20, 20), np.nan, 'float32')
    bands[:, 5, 7] = (1, 2, 3)
    with Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene:
        found = band_percentiles(scene, (50,), most=16)
    np.testing.assert_array_equal(found, [[1], [2], [3]])


@pytest.fixture
def pair(noise, write_raster, tmp_path, monkeypatch):
    """Give ``pair(dtype)``: two scenes, nodata in other corners, and where both are valid."""
    monkeypatch.setattr(scene_module, 'TILE', 8)

    def make(dtype):
        post, pre = noise(20, 30, dtype), 3 * noise(20, 30, dtype)[:, ::-1] // 4 + 1
        post[:, :7, :5], pre[:, 12:, 20:] = 0, 0
        paths = [
            write_raster(tmp_path / f'{name}.tif', bands, nodata=0)
            for name, bands in (('post', post), ('pre', pre))
        ]
        both = np.ones((20, 30), bool)
        both[:7, :5] = both[12:, 20:] = False
        return [Scene(path) for path in paths], (post, pre), both

    return make


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize(('most', 'step'), [(600, 1), (70, 3)])
def test_pixels_are_sampled_where_all_scenes_are_valid(dtype, most, step, pair):
    scenes, images, both = pair(dtype)
    steps = []
    found = sample_pixels(scenes, most, lambda *done: steps.append(done))
    places = both[::step, ::step]
    assert found[0].shape[1] == places.sum()
    for sample, image in zip(found, images, strict=True):
        expected = image[:, ::step, ::step][:, places]
        np.testing.assert_array_equal(np.sort(sample), np.sort(expected.astype(np.float32)))
    assert steps[-1] == (12, 12)


def test_scenes_with_nothing_in_common_have_no_sample(noise, write_raster, tmp_path):
    post, pre = noise(4, 6), noise(4, 6)
    post[:, :, :3], pre[:, :, 3:] = 0, 0
    with (
        Scene(write_raster(tmp_path / 'post.tif', post, nodata=0)) as first,
        Scene(write_raster(tmp_path / 'pre.tif', pre, nodata=0)) as second,
    ):
        assert not any(sample.size for sample in sample_pixels([first, second], 4))
