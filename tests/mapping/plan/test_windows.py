import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.plan.windows import WindowPlan, axis_offsets, ground_phase


@pytest.mark.parametrize(
    ('size', 'offsets'),
    [(5, (0,)), (8, (0,)), (9, (0, 1)), (14, (0, 6)), (15, (0, 6, 7)), (20, (0, 6, 12))],
)
def test_offsets_shift_the_last_window_back(size, offsets):
    assert axis_offsets(size, window=8, stride=6) == offsets


@pytest.mark.parametrize(
    ('phase', 'offsets'), [(4, (0, 4, 10, 12)), (10, (0, 4, 10, 12)), (6, (0, 6, 12))]
)
def test_windows_begin_at_a_phase(phase, offsets):
    assert axis_offsets(20, 8, 6, phase) == offsets


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 60), st.data())
def test_offsets_cover_an_axis_without_duplicates(size, window, phase, data):
    stride = data.draw(st.integers(1, window))
    offsets = axis_offsets(size, window, stride, phase)
    assert max(np.diff(offsets), default=0) <= stride
    covered = [pixel for offset in offsets for pixel in range(offset, offset + window)]
    assert set(range(size)) <= set(covered)
    assert list(offsets) == sorted(set(offsets))
    assert offsets[-1] == max(size - window, 0)


@pytest.mark.parametrize(
    ('shape', 'windows'), [((5176, 10349), 231), ((4658, 10282), 210), ((8983, 4516), 162)]
)
def test_stride_equal_to_window_counts_the_papers_windows(shape, windows):
    plan = WindowPlan(shape, 512, 512)
    assert len(plan) == windows
    assert sum(len(block.windows) for block in plan.blocks) == windows


def test_a_block_is_a_part_of_a_row_of_windows_in_batches():
    plan = WindowPlan((10, 20), 8, 6, batch_size=2)
    second = plan.block(1)
    assert second.windows == (Window(0, 2, 8, 8), Window(6, 2, 8, 8), Window(12, 2, 8, 8))
    assert second.batches == (second.windows[:2], second.windows[2:])
    assert (second.index, second.row_off, second.height) == (1, 2, 8)
    assert [block.index for block in plan.blocks] == [0, 1]


def test_wide_rows_are_cut_into_blocks_of_full_batches():
    plan = WindowPlan((10, 38), 8, 6, batch_size=2, block_windows=5)
    assert plan.segments == ((0, 6, 12, 18), (24, 30))
    last = plan.block(3)
    assert last.windows == (Window(24, 2, 8, 8), Window(30, 2, 8, 8))
    assert (last.row, last.segment, last.row_off, last.height) == (1, 1, 2, 8)
    assert (last.col_off, last.width) == (24, 14)
    assert plan.block_count == 4
    assert [plan.window_count(index) for index in range(4)] == [4, 2, 4, 2]
    assert WindowPlan((10, 38), 8, 6, batch_size=4, block_windows=2).segments[0] == (0, 6, 12, 18)


@given(st.integers(1, 90), st.integers(1, 20), st.integers(1, 5), st.integers(1, 9), st.data())
def test_blocks_hold_every_window_once_in_order(cols, window, batch_size, block_windows, data):
    stride = data.draw(st.integers(1, window))
    plan = WindowPlan((window + 1, cols), window, stride, batch_size, block_windows)
    blocks = list(plan.blocks)
    starts = [(w.row_off, w.col_off) for block in blocks for w in block.windows]
    assert starts == [(row, col) for row in plan.row_offsets for col in plan.col_offsets]
    assert [block.index for block in blocks] == list(range(plan.block_count))
    sizes = [len(batch) for block in blocks for batch in block.batches]
    assert sum(size < batch_size for size in sizes) <= len(plan.row_offsets)


def test_a_scene_smaller_than_a_window_gets_one_cut_window():
    plan = WindowPlan((5, 7), 8, 8)
    assert [block.windows for block in plan.blocks] == [(Window(0, 0, 7, 5),)]


@pytest.mark.parametrize(
    'numbers', [(0, 1, 1), (8, 0, 1), (8, 9, 1), (8, -1, 1), (8, 8, 0), (8, 8, 1, 0)], ids=str
)
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ConfigError, match='give'):
        WindowPlan((20, 20), *numbers)


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0.0, 0.5, 0.1]))
def test_a_cut_out_has_the_windows_of_the_whole(row, col, half):
    whole = Affine(10, 0, 500_000 + 10 * half, 0, -10, 4_000_000 + 10 * half)
    cut = whole @ Affine.translation(col, row)
    crs = CRS.from_epsg(32631)
    rows, cols = ground_phase(RasterGrid(crs, whole, (500, 500)), 96)
    assert ground_phase(RasterGrid(crs, cut, (100, 100)), 96) == (
        (rows - row) % 96,
        (cols - col) % 96,
    )
    # The origin of the CRS, 50,000 columns to the left and 400,000 rows below, begins a window.
    if half != 0.5:
        assert (cols - (-50_000)) % 96 == (rows - 400_000) % 96 == 0
