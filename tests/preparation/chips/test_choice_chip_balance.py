import numpy as np
import pytest
from rasterio.windows import Window

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.preparation.chips.choice import balance
from dfpenet_mm.preparation.chips.plan import Chip

CHIPS = [Chip(0, 0, Window(i, 0, 1, 1), landslide=i % 4 == 0, valid=1) for i in range(20)]


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
