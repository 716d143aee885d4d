import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.run_chip import read_window, square_around

UTM = CRS.from_epsg(32654)


def grid_of(rows, cols, step=(10, 10)):
    return RasterGrid(UTM, Affine(step[0], 0, 5e5, 0, -step[1], 4.7e6), (rows, cols))


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.tuples(*[st.floats(0, 1)] * 4),
    st.sampled_from([(10, 10), (5, 20)]),
)
def test_a_window_lies_in_the_scene_and_holds_its_place(rows, cols, shares, step):
    left, right = sorted(share * cols for share in shares[:2])
    top, bottom = sorted(share * rows for share in shares[2:])
    window = square_around((left, top, right, bottom), grid_of(rows, cols, step))
    assert 0 <= window.col_off <= left + 1
    assert 0 <= window.row_off <= top + 1
    assert right - 1 <= window.col_off + window.width <= cols
    assert bottom - 1 <= window.row_off + window.height <= rows


def test_a_window_is_square_on_the_ground():
    window = square_around((100, 100, 180, 110), grid_of(500, 1000, (5, 20)))
    # 80 columns of 5 m are two fifths of 1000 m.
    assert (window.width, window.height) == (200, 50)
    assert (window.col_off, window.row_off) == (40, 80)


def test_a_small_place_is_shown_with_what_lies_around():
    window = square_around((200, 200, 202, 201), grid_of(500, 500))
    assert (window.width, window.height) == (48, 48)


def test_windows_are_read_decimated_with_their_nodata(tmp_path):
    values = np.zeros((40, 40), np.uint8)
    values[10:30, 10:30] = 4
    values[10:12, 10:12] = 255
    with rasterio.open(
        tmp_path / 'a.tif',
        'w',
        driver='GTiff',
        count=1,
        height=40,
        width=40,
        dtype='uint8',
        nodata=255,
        crs=UTM,
        transform=grid_of(40, 40).transform,
    ) as target:
        target.write(values, 1)
    window = Window(10, 10, 20, 20)
    whole = read_window(tmp_path / 'a.tif', window, 20)
    np.testing.assert_array_equal(whole.filled(255), values[10:30, 10:30])
    small = read_window(tmp_path / 'a.tif', window, 10)
    assert small.shape == (10, 10)
    assert small.mask.sum() == 1
    (tmp_path / 'b.tif').write_text('nothing')
    with pytest.raises(InputFileError, match=r'b\.tif cannot be drawn'):
        read_window(tmp_path / 'b.tif', window, 10)
