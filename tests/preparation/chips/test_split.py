import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.plan import Chip, chip_windows, far_enough, split_blocks
from dfpenet_mm.preparation.chips.split import choose_validation, group_blocks, split_chips


def boxes(*corners, side=10):
    return [shapely.box(x, y, x + side, y + side) for x, y in corners]


def pixels(chips, shape):
    hit = np.zeros(shape, bool)
    for chip in chips:
        row, col, window = chip.window.row_off, chip.window.col_off, chip.window
        hit[row : row + window.height, col : col + window.width] = True
    return hit


@settings(max_examples=60)
@given(
    rows=st.integers(8, 50),
    cols=st.integers(8, 50),
    side=st.integers(4, 20),
    stride=st.integers(1, 4),
    share=st.floats(0.05, 0.9),
    seed=st.integers(0, 99),
)
def test_no_pixel_is_on_both_sides(*, rows, cols, side, stride, share, seed):
    """However much chips overlap, training and validation have no pixel in common."""
    blocks = split_blocks((rows, cols), side)
    rng = np.random.default_rng(seed)
    chips = [
        Chip(0, index, window, landslide=int(rng.integers(0, 4)), valid=16)
        for index, block in enumerate(blocks)
        for window in chip_windows(block, 4, stride)
    ]
    hit = {chip.block for chip in chips if chip.landslide}
    if len(hit) < 2:
        with pytest.raises(ConfigError, match='a split needs two'):
            split_chips(chips, np.arange(len(blocks)), share, rng)
        return
    split = split_chips(chips, np.arange(len(blocks)), share, rng)
    assert not (pixels(split.train, (rows, cols)) & pixels(split.val, (rows, cols))).any()
    assert sorted(map(id, split.train + split.val)) == sorted(map(id, chips))
    assert any(chip.landslide for chip in split.train)
    assert any(chip.landslide for chip in split.val)


def test_few_chips_are_lost_along_the_border():
    """Of 8 x 8 blocks of 2 x 2 chips a fifth validates; scattered it would cost half of them."""
    chips = [
        Chip(0, index, window, landslide=1, valid=16)
        for index, block in enumerate(split_blocks((64, 64), 8))
        for window in chip_windows(block, 4, 4)
    ]
    outlines = [
        shapely.box(w.col_off, w.row_off, w.col_off + 4, w.row_off + 4)
        for w in (chip.window for chip in chips)
    ]
    place = dict(zip(chips, outlines, strict=True))

    def lost(**border):
        split = split_chips(chips, np.arange(64), 0.2, np.random.default_rng(0), **border)
        assert 0.15 < len(split.val) / len(chips) < 0.25
        train, val = ([place[chip] for chip in side] for side in (split.train, split.val))
        return np.count_nonzero(~far_enough(train, val, 1)) / len(chips)

    assert lost(outlines=outlines, gap=1) < 0.08
    assert lost() > 0.2


def test_blocks_of_two_dates_share_a_group():
    first = boxes((0, 0), (10, 0), (20, 0))
    second = boxes((1, 0), (13, 0), (26, 0), (90, 0))
    groups = group_blocks(first + second, [0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(groups, [0, 1, 2, 0, 1, 5, 6])


def test_shares_are_met_in_every_measure():
    rng = np.random.default_rng(1)
    # Half of the groups hold landslides, a few of them most of the pixels.
    landslide = np.where(np.arange(60) % 2, rng.pareto(1.0, 60) * 100, 0)
    measures = np.stack([landslide, 5.0 * (landslide > 0), rng.integers(1, 9, 60)], axis=1)
    chosen = choose_validation(measures, 0.2, np.random.default_rng(0))
    np.testing.assert_allclose(measures[chosen].sum(0) / measures.sum(0), 0.2, atol=0.05)


def test_seed_decides():
    measures = np.ones((30, 3))
    draws = [choose_validation(measures, 0.3, np.random.default_rng(s)) for s in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_a_loss_gathers_what_validates():
    """On a row of equal blocks every border loses one: the best choice is one end of the row."""
    measures = np.ones((20, 3))
    centres = np.stack([np.arange(20), np.zeros(20)], axis=1)

    def loss(validates):
        return np.count_nonzero(np.diff(validates)) / 20

    chosen = choose_validation(measures, 0.2, np.random.default_rng(0), centres=centres, loss=loss)
    assert chosen.sum() == 4
    assert loss(chosen) == 1 / 20
