import numpy as np
import pytest
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.choice import balance, draw_chips
from dfpenet_mm.preparation.chips.plan import Chip

CHIPS = [Chip(0, 0, Window(i, 0, 1, 1), landslide=i % 4 == 0, valid=1) for i in range(20)]
GROUND = [Chip(0, 3, Window(10, 20, 4, 5)), Chip(1, 7, Window(0, 0, 6, 4))]


@pytest.mark.parametrize(('ratio', 'plain'), [(0, 0), (0.6, 3), (1, 5), (2.5, 12), (9, 15)])
def test_background_follows_the_landslides(ratio, plain):
    kept = balance(CHIPS, ratio, np.random.default_rng(0))
    assert sum(bool(chip.landslide) for chip in kept) == 5
    assert sum(not chip.landslide for chip in kept) == plain
    assert list(kept) == sorted(kept, key=lambda chip: chip.window.col_off)


def test_background_is_drawn_by_chance():
    draws = {balance(CHIPS, 1, np.random.default_rng(seed)) for seed in range(6)}
    assert len(draws) == 6


@pytest.mark.parametrize('ratio', [-1, float('nan'), float('inf')])
def test_ratio_out_of_range(ratio):
    with pytest.raises(ConfigError, match='background ratio is'):
        balance(CHIPS, ratio, np.random.default_rng(0))


def test_chips_lie_in_the_ground_and_none_twice():
    """Blocks of 4 x 5 and 6 x 4 pixels have 2 x 1 and 1 x 3 places for a chip of 4."""
    chips = draw_chips(5, GROUND, 4, np.random.default_rng(0), list)
    assert {(c.scene, c.block, c.window.row_off, c.window.col_off) for c in chips} == {
        (0, 3, 20, 10),
        (0, 3, 21, 10),
        *((1, 7, 0, col) for col in range(3)),
    }
    assert all((c.window.height, c.window.width) == (4, 4) for c in chips)


def test_places_have_the_same_chance():
    drawn = [
        draw_chips(1, GROUND, 4, np.random.default_rng(seed), list)[0].scene for seed in range(300)
    ]
    assert np.mean(drawn) == pytest.approx(3 / 5, abs=0.1)


def test_what_does_not_serve_is_drawn_again():
    ground = [Chip(0, 0, Window(0, 0, 40, 40))]
    chips = draw_chips(
        9,
        ground,
        4,
        np.random.default_rng(0),
        lambda drawn: [chip for chip in drawn if chip.window.row_off < 5],
    )
    assert len(chips) == 9
    assert all(chip.window.row_off < 5 for chip in chips)


def test_ground_that_is_full():
    with pytest.raises(ConfigError, match='5 of 6 random chips of 4 pixels found a place'):
        draw_chips(6, GROUND, 4, np.random.default_rng(0), list)
