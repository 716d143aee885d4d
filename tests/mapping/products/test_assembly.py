import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.calibration import PlattScaling
from dfpenet_mm.mapping.blocks.block import BlockResult
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.products.assembly import RowMerger, Strip, threshold_rows


def test_rows_become_pixels_of_the_products():
    values = np.array([[-1e-7, 0.25, 0.5, 0.75, 1 + 1e-7, 0.9]], np.float32)
    valid = np.array([[True, True, True, True, True, False]])
    probability, mask = threshold_rows(Strip(0, values, valid), threshold=0.5)
    np.testing.assert_array_equal(probability, [[0, 0.25, 0.5, 0.75, 1, np.nan]])
    np.testing.assert_array_equal(mask, [[0, 0, 1, 1, 1, 255]])
    assert (probability.dtype, mask.dtype) == (np.float32, np.uint8)


def test_rows_are_calibrated_before_the_threshold():
    # Odds of 1, 4 and 9 become their square roots.
    values = np.array([[0.5, 0.8, 0.9, 0.9]], np.float32)
    valid = np.array([[True, True, True, False]])
    probability, mask = threshold_rows(Strip(0, values, valid), 0.7, PlattScaling(0.5, 0))
    np.testing.assert_allclose(probability, [[0.5, 2 / 3, 0.75, np.nan]], rtol=1e-6)
    np.testing.assert_array_equal(mask, [[0, 0, 1, 255]])
    assert (probability.dtype, mask.dtype) == (np.float32, np.uint8)


def result_of(levels, valid=True):
    return BlockResult(levels.astype(np.uint16), np.full(levels.shape, valid), 1, 0.0)


def cut(scene, block):
    rows = slice(block.row_off, block.row_off + block.height)
    return scene[rows, block.col_off : block.col_off + block.width]


@given(
    *(st.integers(1, 60), st.integers(1, 40), st.integers(1, 25)),
    *(st.integers(1, 3), st.data()),
)
def test_blocks_of_one_scene_merge_to_the_scene_in_order(rows, cols, window, block_windows, data):
    stride = data.draw(st.integers(1, window))
    plan = WindowPlan((rows, cols), window, stride, 1, block_windows)
    rng = np.random.default_rng(rows)
    scene = rng.integers(0, 65536, (rows, cols))
    valid = rng.random((rows, cols)) < 0.7
    merger, row = RowMerger(plan), 0
    for block in plan.blocks:
        part = BlockResult(cut(scene, block).astype(np.uint16), cut(valid, block), 1, 0.0)
        final = merger.add(block, part)
        if block.segment < len(plan.segments) - 1:
            assert len(final.valid) == 0
            continue
        assert final.row_off == row
        expected = scene[row : row + len(final.probability)] / 65535
        np.testing.assert_allclose(final.probability, expected, atol=1e-6)
        np.testing.assert_array_equal(final.valid, valid[row : row + len(final.valid)])
        row += len(final.probability)
    assert row == rows


def test_rows_are_handed_out_once_no_later_block_touches_them():
    plan = WindowPlan((10, 3), window=4, stride=3)
    merger = RowMerger(plan)
    handed = [
        len(merger.add(block, result_of(np.ones((4, 3)))).probability) for block in plan.blocks
    ]
    assert handed == [3, 3, 4]


def test_overlapping_rows_are_blended_by_their_distance_to_the_edge():
    plan = WindowPlan((6, 1), window=4, stride=2)
    merger = RowMerger(plan)
    first, second = plan.blocks
    top = merger.add(first, result_of(np.zeros((4, 1)))).probability.copy()
    bottom = merger.add(second, result_of(np.full((4, 1), 65535)))
    near, far = np.sin(np.pi * 1.5 / 4) ** 2, np.sin(np.pi * 0.5 / 4) ** 2
    np.testing.assert_array_equal(top[:, 0], [0, 0])
    expected = [far / (near + far), near / (near + far), 1, 1]
    np.testing.assert_allclose(bottom.probability[:, 0], expected, atol=1e-6)


def test_overlapping_blocks_of_a_row_are_blended_alike():
    plan = WindowPlan((1, 6), window=4, stride=2, block_windows=1)
    merger = RowMerger(plan)
    first, second = plan.blocks
    merger.add(first, result_of(np.zeros((1, 4))))
    final = merger.add(second, result_of(np.full((1, 4), 65535)))
    near, far = np.sin(np.pi * 1.5 / 4) ** 2, np.sin(np.pi * 0.5 / 4) ** 2
    expected = [0, 0, far / (near + far), near / (near + far), 1, 1]
    np.testing.assert_allclose(final.probability[0], expected, atol=1e-6)


def test_rows_lent_out_may_be_overwritten():
    plan = WindowPlan((6, 2), window=4, stride=2)
    merger = RowMerger(plan)
    first, second = plan.blocks
    lent = merger.add(first, result_of(np.full((4, 2), 13107)))
    lent.probability[:] = np.nan
    lent.valid[:] = False
    final = merger.add(second, result_of(np.full((4, 2), 13107)))
    np.testing.assert_allclose(final.probability, np.full((4, 2), 0.2), atol=1e-6)
    assert final.valid.all()
