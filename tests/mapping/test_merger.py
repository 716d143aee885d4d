import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.mapping.merger import RowMerger, Strip
from dfpenet_mm.mapping.windows import WindowPlan


def strip_of(block, values, valid=True):
    return Strip(block.row_off, values, np.full(values.shape, valid))


@given(st.integers(1, 60), st.integers(1, 5), st.integers(1, 25), st.data())
def test_strips_of_one_scene_merge_to_the_scene_in_order(rows, cols, window, data):
    plan = WindowPlan((rows, cols), window, data.draw(st.integers(1, window)))
    scene = np.random.default_rng(rows).random((rows, cols), np.float32)
    merger, row = RowMerger(plan), 0
    for block in plan.blocks:
        part = scene[block.row_off : block.row_off + block.height].copy()
        final = merger.add(block, strip_of(block, part))
        assert final.row_off == row
        expected = scene[row : row + len(final.probability)]
        np.testing.assert_allclose(final.probability, expected, atol=1e-6)
        assert final.valid.shape == expected.shape
        row += len(final.probability)
    assert row == rows


def test_rows_are_handed_out_once_no_later_block_touches_them():
    plan = WindowPlan((10, 3), window=4, stride=3)
    merger = RowMerger(plan)
    handed = [
        len(merger.add(block, strip_of(block, np.ones((4, 3), np.float32))).probability)
        for block in plan.blocks
    ]
    assert handed == [3, 3, 4]


def test_overlapping_rows_are_blended_by_their_distance_to_the_edge():
    plan = WindowPlan((6, 1), window=4, stride=2)
    merger = RowMerger(plan)
    first, second = plan.blocks
    top = merger.add(first, strip_of(first, np.zeros((4, 1), np.float32)))
    bottom = merger.add(second, strip_of(second, np.ones((4, 1), np.float32)))
    near, far = np.sin(np.pi * 1.5 / 4) ** 2, np.sin(np.pi * 0.5 / 4) ** 2
    np.testing.assert_array_equal(top.probability[:, 0], [0, 0])
    expected = [far / (near + far), near / (near + far), 1, 1]
    np.testing.assert_allclose(bottom.probability[:, 0], expected, atol=1e-6)


def test_handed_out_rows_do_not_change_when_the_next_block_comes():
    plan = WindowPlan((6, 2), window=4, stride=2)
    merger = RowMerger(plan)
    first, second = plan.blocks
    top = merger.add(first, strip_of(first, np.full((4, 2), 0.25, np.float32)))
    merger.add(second, strip_of(second, np.ones((4, 2), np.float32)))
    np.testing.assert_array_equal(top.probability, np.full((2, 2), 0.25))
