import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.plan import (
    Chip,
    HeldPixels,
    block_side,
    chip_windows,
    each_once,
    far_enough,
    near_pairs,
    split_blocks,
)


@pytest.mark.parametrize(
    ('text', 'side'), [('4', 256), ('1.5', 96), ('1000m', 100), (' 640 m ', 64)]
)
def test_block_side(text, side):
    assert block_side(text, chip=64, gsd=10.0) == side


@pytest.mark.parametrize(
    ('text', 'complaint'), [('big', 'number of chips'), ('-1', 'number'), ('500m', 'smaller than')]
)
def test_block_side_that_does_not_serve(text, complaint):
    with pytest.raises(ConfigError, match=complaint):
        block_side(text, chip=64, gsd=10.0)


@settings(max_examples=60)
@given(
    st.integers(4, 60), st.integers(4, 60), st.integers(4, 20), st.integers(2, 4), st.integers(1, 4)
)
def test_blocks_tile_the_scene_and_chips_cover_their_block(rows, cols, side, chip, stride):
    owner = np.full((rows, cols), -1)
    for number, block in enumerate(split_blocks((rows, cols), side)):
        area = np.s_[
            block.row_off : block.row_off + block.height,
            block.col_off : block.col_off + block.width,
        ]
        assert (owner[area] == -1).all()
        owner[area] = number
        covered = np.zeros((rows, cols), bool)
        for window in chip_windows(block, chip, min(stride, chip)):
            assert (window.height, window.width) == (chip, chip)
            covered[
                window.row_off : window.row_off + chip, window.col_off : window.col_off + chip
            ] = True
        np.testing.assert_array_equal(covered, owner == number)
    assert (owner >= 0).all()


def boxes(*corners, side=10):
    return [shapely.box(x, y, x + side, y + side) for x, y in corners]


@pytest.mark.parametrize(
    ('gap', 'far'),
    [
        (0, [True, True, False, True]),
        (1, [False, True, False, True]),
        (3, [False, True, False, True]),
        (4, [False, False, False, True]),
    ],
)
def test_gap(gap, far):
    """Beside the chip, 3 pixels away, 1 pixel inside, far away."""
    train = boxes((10, 0), (13, 0), (-9, 0), (99, 0))
    np.testing.assert_array_equal(far_enough(train, boxes((0, 0)), gap), far)


def test_pairs():
    chips = boxes((0, 0), (10, 0), (40, 0))
    pairs = near_pairs(chips, chips, 1)
    assert set(map(tuple, pairs.T.tolist())) == {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)}
    assert near_pairs(chips, [], 1).shape == (2, 0)


corners = st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 20))


@settings(max_examples=60)
@given(st.lists(corners, max_size=12), st.integers(1, 9))
def test_every_pixel_goes_to_one_chip(places, side):
    """What chips are given covers what they cover, without a pixel twice, in each scene."""
    chips = [Chip(scene, 0, Window(col, row, side, side)) for scene, row, col in places]
    given_to, covered = np.zeros((2, 30, 30), int), np.zeros((2, 30, 30), bool)
    for chip, fresh in each_once(chips, side):
        area = chip.scene, *chip.window.toslices()
        np.testing.assert_array_equal(fresh, ~covered[area])
        given_to[area] += fresh
        covered[area] = True
    np.testing.assert_array_equal(given_to, covered)


def test_held_pixels():
    chips = [Chip(0, 0, Window(2, 1, 3, 3)), Chip(1, 0, Window(0, 0, 3, 3))]
    fresh = HeldPixels(3, chips).fresh(Chip(0, 0, Window(0, 0, 3, 3)))
    np.testing.assert_array_equal(fresh, [[1, 1, 1], [1, 1, 0], [1, 1, 0]])
