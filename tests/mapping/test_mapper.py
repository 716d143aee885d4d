import time

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from dfpenet_mm.calibration import PlattScaling
from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.products.assembly import MappingResult
from dfpenet_mm.mapping.scene.batch_reader import BatchReader
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource
from dfpenet_mm.source_files import source_files

IDENTITY = FittedScaling((1.0,) * 3, (0.0,) * 3)
THRESHOLD = 100.5 / 255


def first_band(chips):
    return chips[:, 0] / np.float32(255)


PLAN = {'window': 8, 'stride': 6, 'batch_size': 2, 'block_windows': 4}


def run(path, folder, predictor=first_band, *, grid=None, readers=1, **changes):
    """Map a scene; returns the result, the probability and the mask."""
    products = {'probability': folder / 'probability.tif', 'mask': folder / 'mask.tif'}
    plan = {name: changes.pop(name, value) for name, value in PLAN.items()}
    executor = changes.pop('executor', LocalExecutor(predictor=predictor, readers=readers))
    settings = {'threshold': THRESHOLD, **changes}
    with Scene(path, grid=grid) as scene:
        task = BlockTask(
            scene=SceneSource.of(scene), plan=WindowPlan(scene.shape, **plan), scaling=IDENTITY
        )
        result = map_scene(scene=scene, task=task, executor=executor, **settings, **products)
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


@settings(max_examples=15)
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


def test_blocks_are_kept_as_predicted_and_calibrated_when_written(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(20, 30))
    store = BlockStore(tmp_path / 'blocks')
    _, raw, _ = run(path, tmp_path, store=store)
    scaling = PlattScaling(0.6, -1.2)

    def never(_):
        raise AssertionError('a block was predicted again')

    _, kept, mask = run(path, tmp_path, never, store=store, calibration=scaling)
    _, anew, _ = run(path, tmp_path, calibration=scaling)
    np.testing.assert_array_equal(kept, anew)
    np.testing.assert_allclose(kept, scaling.apply(raw), rtol=1e-5)
    np.testing.assert_array_equal(mask, kept >= np.float32(THRESHOLD))


def means_of_9x9(chips):
    """See four pixels in every direction, and zeros beyond the window, as convolutions do."""
    return ndimage.uniform_filter(chips[:, 0] / np.float32(255), (0, 9, 9), mode='constant')


def test_a_network_that_sees_less_than_is_trimmed_shows_no_seam(noise, write_raster, tmp_path):
    bands = noise(90, 75)
    path = write_raster(tmp_path / 'scene.tif', bands)
    _, probability, _ = run(path, tmp_path, means_of_9x9, window=32, stride=16, block_windows=2)
    exact = means_of_9x9(bands[np.newaxis].astype(np.float32))[0]
    np.testing.assert_allclose(probability, exact, atol=2e-5)


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


@pytest.mark.parametrize('threshold', [0, -0.1, 1.01])
def test_a_threshold_must_be_a_probability(threshold, noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(8, 8))
    with pytest.raises(ConfigError, match='threshold'):
        run(path, tmp_path, threshold=threshold)


class Shuffled:
    """An executor that hands out a block as late as it may, and some twice, as a cluster does."""

    def __init__(self, predictor, asked=None):
        self.local = LocalExecutor(predictor=predictor)
        self.asked = [] if asked is None else asked

    def __call__(self, task, blocks, on_windows=None):
        found = list(self.local(task, blocks, on_windows))
        self.asked.extend(block.index for block, _ in found)
        yield from reversed(found)
        yield from found[:2]


def test_pixels_do_not_tell_who_predicted_them_when(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(40, 70))
    expected = run(path, tmp_path)[1:]
    store = BlockStore(tmp_path / 'blocks')
    ways = [
        {'readers': 3},
        {'executor': Shuffled(first_band)},
        {'executor': Shuffled(first_band), 'store': store},
        {'store': store},
    ]
    for way in ways:
        for found, wanted in zip(run(path, tmp_path, **way)[1:], expected, strict=True):
            assert found.tobytes() == wanted.tobytes()


def test_blocks_in_the_store_are_not_predicted_again(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(40, 70))
    store, asked, calls = BlockStore(tmp_path / 'blocks'), [], []
    first = run(path, tmp_path, executor=Shuffled(first_band, asked), store=store)
    for index in (0, 5, 6):
        (tmp_path / 'blocks' / f'{index:08d}.block').unlink()
    asked.clear()
    second = run(
        path,
        tmp_path,
        executor=Shuffled(first_band, asked),
        store=store,
        progress=lambda *call: calls.append(call),
    )
    assert asked == [0, 5, 6]
    for old, new in zip(first[1:], second[1:], strict=True):
        assert old.tobytes() == new.tobytes()
    counts = ('windows_run', 'windows_skipped', 'valid_pixels', 'landslide_pixels')
    assert [getattr(first[0], name) for name in counts] == [
        getattr(second[0], name) for name in counts
    ]
    done, totals = zip(*calls, strict=True)
    assert list(done) == sorted(set(done))
    assert done[0] > 4
    assert done[-1] == totals[0]


def test_what_was_finished_before_an_error_is_in_the_store(noise, write_raster, tmp_path):
    path = write_raster(tmp_path / 'scene.tif', noise(40, 70))
    store, calls = BlockStore(tmp_path / 'blocks'), iter(range(100))

    def fails_late(chips):
        if next(calls) == 8:
            raise RuntimeError('out of memory')
        return first_band(chips)

    # Twelve windows a row in blocks of four, two a batch.
    with pytest.raises(RuntimeError, match='out of memory'):
        run(path, tmp_path, fails_late, store=store)
    assert store.finished() == {0, 1, 2, 3}


def test_reading_runs_ahead_of_the_predictor(noise, write_raster, tmp_path):
    """The next batch is read while the predictor works, and no more than a few are."""
    path = write_raster(tmp_path / 'scene.tif', noise(8, 200))
    read, seen = [], []
    original = BatchReader.read

    def counted(self, windows):
        batch = original(self, windows)
        read.append(batch)
        return batch

    def predict(chips):
        deadline = time.monotonic() + 5
        while len(read) <= len(seen) + 1 and len(seen) < 10 and time.monotonic() < deadline:
            time.sleep(0.001)
        seen.append(len(read))
        return first_band(chips)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BatchReader, 'read', counted)
        run(path, tmp_path, predict)
    ahead = [count - index - 1 for index, count in enumerate(seen)]
    assert min(ahead[:10]) >= 1
    assert max(ahead) <= 3


LAYOUTS = {
    'one row a strip': {'blockysize': 1},
    'one strip': {'blockysize': 90},
    'pixel interleaved': {'interleave': 'pixel', 'compress': 'lzw'},
    'band interleaved': {'interleave': 'band', 'compress': 'deflate', 'predictor': 2},
    'tiles': {'tiled': True, 'blockxsize': 16, 'blockysize': 32},
    'huge tiles': {'tiled': True, 'blockxsize': 1024, 'blockysize': 2048, 'compress': 'deflate'},
    'BigTIFF': {'BIGTIFF': 'YES', 'tiled': True},
}


@pytest.mark.parametrize('layout', LAYOUTS)
def test_any_layout_gives_the_same_map(layout, noise, write_raster, tmp_path):
    bands = noise(90, 70)
    path = write_raster(tmp_path / 'scene.tif', bands, **LAYOUTS[layout])
    probability = run(path, tmp_path, window=32, stride=24)[1]
    np.testing.assert_allclose(probability, bands[0] / 255, atol=1e-6)


def test_a_cog_is_a_scene(noise, write_raster, tmp_path):
    bands = noise(600, 300)
    plain = write_raster(tmp_path / 'plain.tif', bands)
    rasterio.shutil.copy(plain, tmp_path / 'cog.tif', driver='COG', BLOCKSIZE=128)
    probability = run(tmp_path / 'cog.tif', tmp_path, window=128, stride=96)[1]
    np.testing.assert_allclose(probability, bands[0] / 255, atol=1e-6)


def test_a_vrt_of_several_files_is_one_scene(noise, write_raster, tmp_path):
    bands = noise(40, 30)
    for name, part, north in (('a', bands[:, :25], 4_700_000), ('b', bands[:, 25:], 4_699_750)):
        write_raster(
            tmp_path / f'{name}.tif', part, transform=Affine(10, 0, 500_000, 0, -10, north)
        )
    part = """<SimpleSource><SourceFilename relativeToVRT="1">{0}.tif</SourceFilename>
      <SourceBand>{1}</SourceBand><SrcRect xOff="0" yOff="0" xSize="30" ySize="{2}"/>
      <DstRect xOff="0" yOff="{3}" xSize="30" ySize="{2}"/></SimpleSource>"""
    planes = [
        f'<VRTRasterBand dataType="Byte" band="{band}">'
        f'{part.format("a", band, 25, 0)}{part.format("b", band, 15, 25)}</VRTRasterBand>'
        for band in (1, 2, 3)
    ]
    path = tmp_path / 'scene.vrt'
    path.write_text(
        '<VRTDataset rasterXSize="30" rasterYSize="40"><SRS>EPSG:32654</SRS><GeoTransform>'
        f'500000, 10, 0, 4700000, 0, -10</GeoTransform>{"".join(planes)}</VRTDataset>'
    )
    probability = run(path, tmp_path)[1]
    np.testing.assert_allclose(probability, bands[0] / 255, atol=1e-6)
    assert {file.name for file in source_files(path)} == {'a.tif', 'b.tif'}


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize('bands', [3, 5])
def test_any_type_and_number_of_bands(dtype, bands, noise, write_raster, tmp_path):
    pixels = np.concatenate([noise(20, 30, dtype), noise(20, 30, dtype)])[:bands]
    path = write_raster(tmp_path / 'scene.tif', pixels)
    probability = run(path, tmp_path)[1]
    np.testing.assert_allclose(probability, pixels[0] / 255, atol=1e-6)
