import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.plan import block_side, chip_windows, split_blocks


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
