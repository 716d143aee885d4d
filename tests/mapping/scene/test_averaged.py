import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.warp import reproject
from rasterio.windows import Window

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.scene import averaged
from dfpenet_mm.mapping.scene.averaged import AveragedRaster, coarser_grid
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource
from dfpenet_mm.validity import ValidityRule

UTM = CRS.from_epsg(32631)
PLACE = Affine(1, 0, 500_000, 0, -1, 4_000_000)


def grid(rows, cols, transform=PLACE):
    return RasterGrid(UTM, transform, (rows, cols))


def scene_file(path, bands, **profile):
    bands = np.asarray(bands)
    bands = bands[None] if bands.ndim == 2 else bands
    count, rows, cols = bands.shape
    place = {'crs': UTM, 'transform': PLACE, 'driver': 'GTiff', **profile}
    with rasterio.open(
        path, 'w', width=cols, height=rows, count=count, dtype=bands.dtype, **place
    ) as file:
        file.write(bands)
    return path


def read_all(path, on, **options):
    with Scene(path, bands=(1,), grid=on, **options) as scene:
        return scene.read(Window(0, 0, on.shape[1], on.shape[0]))


def test_grid_of_larger_pixels_keeps_corner_and_covers_half_of_its_last_pixel():
    coarse = coarser_grid(grid(10, 11), 4.0, 'a.tif')
    assert coarse.shape == (3, 3)  # 2.5 rows and 2.75 columns
    assert tuple(coarse.transform)[:6] == pytest.approx((4, 0, 500_000, 0, -4, 4_000_000), rel=1e-3)
    assert coarse.gsd == pytest.approx(4.0, rel=1e-3)


def test_a_raster_of_less_than_a_pixel_is_refused():
    with pytest.raises(
        EmptySceneError, match=r'a\.tif shows 4 x 3 m, less than a pixel of the 10 m'
    ):
        coarser_grid(grid(3, 4), 10.0, 'a.tif')


def test_averages_of_whole_and_split_pixels(tmp_path):
    row = np.array([[0, 4, 8, 100, 20, 0]], np.float32)
    path = scene_file(tmp_path / 'a.tif', np.tile(row, (3, 1)))
    values, valid = read_all(path, grid(1, 2, PLACE @ Affine.scale(3)))
    assert values[0, 0] == pytest.approx([4, 40])
    # 1.5 pixels: 0 and half of 4; half of 4 and 8; 100 and half of 20; half of 20 and 0.
    values, valid = read_all(path, grid(2, 4, PLACE @ Affine.scale(1.5)))
    assert values[0, 0] == pytest.approx([2 / 1.5, 10 / 1.5, 110 / 1.5, 10 / 1.5])
    assert valid.all()


def test_whole_numbers_stay_whole(tmp_path):
    path = scene_file(tmp_path / 'a.tif', np.array([[1, 2], [2, 2]], np.uint8))
    with Scene(path, bands=(1,), grid=grid(1, 1, PLACE @ Affine.scale(2))) as scene:
        raw, _ = scene.read_raw(Window(0, 0, 1, 1))
    assert raw.dtype == np.uint8
    assert raw.item() == 2


def test_half_of_a_pixel_must_be_valid_and_the_rest_stays_out(tmp_path):
    band = np.array([[9, 7, 9, 9], [5, 9, 9, 3]], np.int16)
    path = scene_file(tmp_path / 'a.tif', band, nodata=9)
    values, valid = read_all(path, grid(1, 2, PLACE @ Affine.scale(2)))
    assert valid.tolist() == [[True, False]]
    assert values[0].tolist() == [[6, 0]]


def test_beyond_the_raster_nothing_is_valid(tmp_path):
    path = scene_file(tmp_path / 'a.tif', np.full((4, 4), 7, np.uint8))
    wider = grid(3, 4, PLACE @ Affine.translation(-3, 0) @ Affine.scale(2))
    values, valid = read_all(path, wider)
    # The second column starts a pixel before the raster: half of it is there.
    assert valid.tolist() == [[False, True, True, True]] * 2 + [[False] * 4]
    assert (values[0][valid] == 7).all()


def test_another_direction_is_warped(tmp_path):
    path = scene_file(tmp_path / 'a.tif', np.arange(64, dtype=np.uint8).reshape(8, 8))
    turned = grid(2, 2, PLACE @ Affine.translation(2, 2) @ Affine.rotation(20) @ Affine.scale(2))
    with rasterio.open(path) as file:
        assert AveragedRaster.of(file, ValidityRule.of(file, (1,)), turned) is None
        assert AveragedRaster.of(file, ValidityRule.of(file, (1,)), grid(8, 8)) is None
    _, valid = read_all(path, turned)
    assert valid.any()


def test_overviews_play_no_part(tmp_path):
    path = scene_file(tmp_path / 'a.tif', np.arange(4096, dtype=np.uint16).reshape(64, 64))
    on = grid(8, 8, PLACE @ Affine.scale(8))
    before, _ = read_all(path, on)
    with rasterio.open(path, 'r+') as file:
        file.build_overviews([2, 4, 8], Resampling.nearest)
    assert (read_all(path, on)[0] == before).all()


def test_worker_opens_the_same_averages(tmp_path):
    path = scene_file(tmp_path / 'a.tif', np.arange(36, dtype=np.uint8).reshape(6, 6))
    on = grid(3, 3, PLACE @ Affine.scale(2))
    with Scene(path, bands=(1,), grid=on) as scene, SceneSource.of(scene).open() as other:
        window = Window(1, 0, 2, 3)
        assert (other.read(window)[0] == scene.read(window)[0]).all()
        assert other.shape == (3, 3)


@settings(max_examples=30, deadline=None)
@given(
    factor=st.floats(1.1, 6),
    held=st.integers(1, 500),
    seed=st.integers(0, 99),
    window=st.tuples(*[st.floats(0, 0.99)] * 4),
)
def test_windows_agree_with_gdals_average_of_the_whole(factor, held, seed, window):
    band = np.random.default_rng(seed).random((23, 31), np.float32)
    shape = tuple(int(side / factor) for side in band.shape)
    place = PLACE @ Affine.scale(factor)
    expected = np.zeros(shape, np.float32)
    reproject(
        band,
        expected,
        src_transform=PLACE,
        dst_transform=place,
        src_crs=UTM,
        dst_crs=UTM,
        resampling=Resampling.average,
    )
    (row, height), (col, width) = [
        (int(a * side), 1 + int(b * (side - int(a * side))))
        for side, a, b in zip(shape, window[::2], window[1::2], strict=True)
    ]
    with MemoryFile() as memory:
        with memory.open(
            driver='GTiff', width=31, height=23, count=1, dtype='float32', crs=UTM, transform=PLACE
        ) as file:
            file.write(band, 1)
        with memory.open() as file, pytest.MonkeyPatch.context() as patch:
            patch.setattr(averaged, 'HELD_PIXELS', held)
            raster = AveragedRaster.of(file, ValidityRule.of(file, (1,)), grid(*shape, place))
            values, valid = raster.read(Window(col, row, width, height))
    assert valid.all()
    part = expected[row : row + height, col : col + width]
    assert values[0] == pytest.approx(part, abs=2e-5)
