import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from dfpenet_mm.preparation.chips.plan import Chip, HeldPixels, each_once

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
    fresh = HeldPixels.of(chips, 3).fresh(Chip(0, 0, Window(0, 0, 3, 3)))
    np.testing.assert_array_equal(fresh, [[1, 1, 1], [1, 1, 0], [1, 1, 0]])
