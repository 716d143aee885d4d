import numpy as np
import pytest

from dfpenet_mm.mapping.scene import scene as scene_module
from dfpenet_mm.mapping.scene.overlap_histograms import count_overlap
from dfpenet_mm.mapping.scene.scene import Scene


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
        return [Scene(path) for path in paths], (post[:, both], pre[:, both])

    return make


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16'])
def test_integers_are_counted_one_by_one_where_both_are_valid(dtype, pair):
    scenes, samples = pair(dtype)
    steps = []
    found = count_overlap(*scenes, lambda *step: steps.append(step))
    assert found.pixels == samples[0].shape[1] == 485
    for histograms, sample in zip((found.post, found.pre), samples, strict=True):
        for histogram, band in zip(histograms, sample, strict=True):
            values, counts = np.unique(band, return_counts=True)
            np.testing.assert_array_equal(histogram.values, values)
            np.testing.assert_array_equal(histogram.counts, counts)
            assert histogram.quantiles[-1] == 1
    assert steps[-1] == (12, 12)


def test_floats_are_counted_in_fine_bins(pair):
    scenes, samples = pair('float32')
    found = count_overlap(*scenes)
    for histograms, sample in zip((found.post, found.pre), samples, strict=True):
        for histogram, band in zip(histograms, sample, strict=True):
            assert histogram.counts.sum() == band.size
            low, high = np.percentile(band, (1, 99))
            inner = np.unique(band[(band >= low) & (band <= high)])
            near = np.abs(histogram.values - inner[:, None]).min(axis=1)
            assert near.max() < 0.01


def test_nothing_in_common(noise, write_raster, tmp_path):
    post, pre = noise(4, 6), noise(4, 6)
    post[:, :, :3], pre[:, :, 3:] = 0, 0
    with (
        Scene(write_raster(tmp_path / 'post.tif', post, nodata=0)) as first,
        Scene(write_raster(tmp_path / 'pre.tif', pre, nodata=0)) as second,
    ):
        found = count_overlap(first, second)
    assert found.pixels == 0
    assert not found.post[0].values.size
