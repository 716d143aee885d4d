import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.mapping.blocks.block import from_levels, to_levels


def test_eight_bit_values_survive_exactly():
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    levels = to_levels(values.copy())
    assert levels.dtype == np.uint16
    np.testing.assert_array_equal(levels, np.arange(256) * 257)
    np.testing.assert_array_equal(from_levels(levels), values)


@given(st.floats(0, 1, width=32))
def test_rounding_is_less_than_one_in_a_hundred_thousand(value):
    back = from_levels(to_levels(np.array([value], np.float32)))
    assert back.dtype == np.float32
    assert abs(back[0] - value) < 8e-6


def test_every_level_survives():
    levels = np.arange(65536).astype(np.uint16)
    np.testing.assert_array_equal(to_levels(from_levels(levels)), levels)


def test_what_rounding_took_out_of_range_is_clipped():
    values = np.array([-1e-3, 1 + 1e-3], np.float32)
    np.testing.assert_array_equal(to_levels(values), [0, 65535])
