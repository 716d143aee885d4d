import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.mapper import MappingResult, map_scene, threshold_rows
from dfpenet_mm.mapping.merger import Strip
from dfpenet_mm.mapping.scaling import FittedScaling
from dfpenet_mm.mapping.scene import Scene

IDENTITY = FittedScaling((1.0,) * 3, (0.0,) * 3)
THRESHOLD = 100.5 / 255


def first_band(chips):
    return chips[:, 0] / np.float32(255)


def run(path, folder, predictor=first_band, *, grid=None, **changes):
    """Map a scene; returns the result, the probability and the mask."""
    settings = {'window': 8, 'stride': 6, 'batch_size': 2, 'threshold': THRESHOLD, **changes}
    products = {'probability': folder / 'probability.tif', 'mask': folder / 'mask.tif'}
    with Scene(path, grid=grid) as scene:
        result = map_scene(
            scene=scene, scaling=IDENTITY, predictor=predictor, **settings, **products
        )
    arrays = []
    for product in products.values():
        with rasterio.open(product) as dataset:
            arrays.append(dataset.read(1))
    return result, *arrays


@pytest.mark.parametrize('shape', [(5, 7), (8, 8), (9, 9), (8, 9), (1, 1), (3, 40), (31, 26)])
def test_an_identity_predictor_gives_back_the_scene(shape, noise, write_raster, tmp_path):
    bands = noise(*shape)
    result, probability, mask = run(write_raster(tmp_path / 'scene.tif', bands), tmp_path)
    np.testing.assert_allclose(probability, bands[0] / 255, atol=1e-6)
    np.testing.assert_array_equal(mask, bands[0] > 100)
    assert result.windows_skipped == 0
    assert result.valid_pixels == bands[0].size
    assert result.landslide_pixels == (bands[0] > 100).sum()


@settings(max_examples=30)
@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.integers(1, 20), st.data())
def test_any_plan_gives_back_the_scene(tmp_path_factory, write_raster, shape, window, data):
    stride = data.draw(st.integers(max(1, window // 3), window))
    seed = data.draw(st.integers(0, 9))
    rng = np.random.default_rng(seed)
    bands = rng.integers(1, 256, (3, *shape)).astype('uint8')
    bands[:, rng.random(shape) < 0.3] = 0
    bands[:, 0, 0] = 200
    folder = tmp_path_factory.mktemp('plan')
    path = write_raster(folder / 'scene.tif', bands, nodata=0)
    _, probability, mask = run(path, folder, window=window, stride=stride, batch_size=3)
    valid = bands[0] > 0
    np.testing.assert_allclose(probability[valid], bands[0][valid] / 255, atol=1e-6)
    assert np.isnan(probability[~valid]).all()
    np.testing.assert_array_equal(mask, np.where(valid, bands[0] > 100, 255))


def test_tiles_that_do_not_overlap_are_left_exactly_as_predicted(noise, write_raster, tmp_path):
    bands = noise(16, 24)
    path = write_raster(tmp_path / 'scene.tif', bands)
    _, probability, _ = run(path, tmp_path, window=8, stride=8)
    np.testing.assert_array_equal(probability, bands[0].astype(np.float32) / np.float32(255))


def test_nodata_is_never_landslide_and_its_windows_are_never_run(noise, write_raster, tmp_path):
    bands = noise(32, 32)
    bands[:, :24] = 0
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=0)
    chips_seen = []

    def all_landslide(chips):
        chips_seen.extend(chips)
        return np.ones(chips[:, 0].shape, np.float32)

    result, probability, mask = run(path, tmp_path, all_landslide, stride=8)
    assert (result.windows_run, result.windows_skipped) == (4, 12)
    assert len(chips_seen) == 4
    assert (mask[:24] == 255).all()
    assert (mask[24:] == 1).all()
    assert np.isnan(probability[:24]).all()
    assert (result.valid_pixels, result.landslide_pixels) == (8 * 32, 8 * 32)


def test_no_artificial_edge_is_shown_to_the_network(write_raster, tmp_path):
    bands = np.full((3, 8, 8), 120, 'uint8')
    bands[:, :, :3] = 0
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=0)

    def steps(chips):
        assert (chips == 120).all()
        return first_band(chips)

    run(path, tmp_path, steps)


def test_products_lie_where_a_rotated_scene_lies(noise, write_raster, tmp_path):
    transform = Affine.translation(1000, 2000) @ Affine.rotation(-20) @ Affine.scale(2, -3)
    path = write_raster(tmp_path / 'scene.tif', noise(11, 9), transform=transform)
    run(path, tmp_path)
    with rasterio.open(path) as scene, rasterio.open(tmp_path / 'mask.tif') as mask:
        assert RasterGrid.from_dataset(mask).matches(RasterGrid.from_dataset(scene))
        assert mask.transform.almost_equals(transform)


def test_a_pre_image_is_mapped_on_the_post_grid(noise, write_raster, tmp_path):
    pre = write_raster(tmp_path / 'pre.tif', noise(10, 10))
    post = write_raster(
        tmp_path / 'post.tif', noise(12, 8), transform=Affine(10, 0, 500_040, 0, -10, 4_699_980)
    )
    with Scene(post) as scene:
        grid = scene.grid
    result, probability, mask = run(pre, tmp_path, grid=grid)
    assert mask.shape == (12, 8)
    np.testing.assert_allclose(probability[:8, :6], noise(10, 10)[0, 2:, 4:] / 255, atol=1e-6)
    assert (mask[8:] == 255).all()
    assert (mask[:, 6:] == 255).all()
    assert result.valid_pixels == 8 * 6


def test_progress_counts_every_window(noise, write_raster, tmp_path):
    calls = []
    path = write_raster(tmp_path / 'scene.tif', noise(9, 20))
    run(path, tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(2, 6), (3, 6), (5, 6), (6, 6)]


def test_time_is_the_predictors_alone(noise, write_raster, tmp_path, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr('time.perf_counter', lambda: float(next(clock)))
    path = write_raster(tmp_path / 'scene.tif', noise(8, 20))
    result, _, _ = run(path, tmp_path)
    assert result == MappingResult(
        windows_run=3,
        windows_skipped=0,
        seconds_predicted=2.0,
        valid_pixels=160,
        landslide_pixels=int((noise(8, 20)[0] > 100).sum()),
    )


def test_a_predictor_that_fails_leaves_no_product(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(30, 20))
    calls = iter([True, True, False])

    def fails_late(chips):
        if not next(calls):
            raise RuntimeError('out of memory')
        return first_band(chips)

    out = tmp_path / 'out'
    out.mkdir()
    with pytest.raises(RuntimeError, match='out of memory'):
        run(path, out, fails_late)
    assert list(out.iterdir()) == []


def test_a_scene_damaged_further_down_leaves_no_product(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(1500, 8), blockysize=1)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 9 // 10])
    out = tmp_path / 'out'
    out.mkdir()
    with pytest.raises(InputFileError, match=r'scene\.tif cannot be read at Window'):
        run(path, out, window=64, stride=64)
    assert list(out.iterdir()) == []


def test_rows_become_pixels_of_the_products():
    values = np.array([[-1e-7, 0.25, 0.5, 0.75, 1 + 1e-7, 0.9]], np.float32)
    valid = np.array([[True, True, True, True, True, False]])
    probability, mask = threshold_rows(Strip(0, values, valid), threshold=0.5)
    np.testing.assert_array_equal(probability, [[0, 0.25, 0.5, 0.75, 1, np.nan]])
    np.testing.assert_array_equal(mask, [[0, 0, 1, 1, 1, 255]])
    assert (probability.dtype, mask.dtype) == (np.float32, np.uint8)


@pytest.mark.parametrize('threshold', [0, -0.1, 1.01])
def test_a_threshold_must_be_a_probability(threshold, noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(8, 8))
    with pytest.raises(ConfigError, match='threshold'):
        run(path, tmp_path, threshold=threshold)
