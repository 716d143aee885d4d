import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.mapping.scene import scene as scene_module
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.mapping.scene.statistics import band_percentiles, histogram_percentiles

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
        found = band_percentiles(scene, PERCENTS, sample_pixels=67)
    expected = np.percentile(bands[:, ::3, ::3].reshape(3, -1), PERCENTS, axis=1).T
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_sample_that_meets_only_nodata_is_refined(write_raster, tmp_path):
    bands = np.full((3, 20, 20), np.nan, 'float32')
    bands[:, 5, 7] = (1, 2, 3)
    with Scene(write_raster(tmp_path / 'scene.tif', bands)) as scene:
        found = band_percentiles(scene, (50,), sample_pixels=16)
    np.testing.assert_array_equal(found, [[1], [2], [3]])
