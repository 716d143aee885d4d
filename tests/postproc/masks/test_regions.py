import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from postproc.masks.regions import connect, runs_of


def labelled(pixels, height, *, corners):
    """Connect strips of that height; returns every pixel's part and region, from 1."""
    strips = [runs_of(pixels[top : top + height], top) for top in range(0, len(pixels), height)]
    found = connect(strips, pixels.shape[1], corners=corners)
    parts, regions = np.zeros((2, *pixels.shape), dtype=int)
    for row, start, stop, part in zip(
        found.runs.row, found.runs.start, found.runs.stop, found.part, strict=True
    ):
        parts[row, start:stop] = part + 1
        regions[row, start:stop] = found.region[part] + 1
    return parts, regions, found


@given(
    pixels=npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    height=st.integers(1, 12),
)
def test_parts_and_regions_equal_scipy_however_cut(pixels, height):
    parts, regions, _ = labelled(pixels, height, corners=True)

    # scipy numbers in the order of first pixels too.
    np.testing.assert_array_equal(parts, ndimage.label(pixels)[0])
    np.testing.assert_array_equal(regions, ndimage.label(pixels, np.ones((3, 3)))[0])


def test_without_corners_every_part_is_a_region():
    parts, regions, _ = labelled(np.eye(4, dtype=bool), 2, corners=False)

    np.testing.assert_array_equal(parts, np.diag([1, 2, 3, 4]))
    np.testing.assert_array_equal(regions, parts)


def test_parts_that_meet_rows_later_are_one():
    horseshoe = np.array([[1, 0, 1, 0, 1], [1, 0, 1, 0, 1], [1, 1, 1, 0, 1]], dtype=bool)

    parts, _, _ = labelled(horseshoe, 1, corners=True)

    np.testing.assert_array_equal(parts[2], [1, 1, 1, 0, 2])
    np.testing.assert_array_equal(parts[0], [1, 0, 1, 0, 2])


def test_order_by_last_row():
    pixels = np.array([[1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1, 0, 1, 0, 0]], dtype=bool)

    *_, found = labelled(pixels, 2, corners=True)

    np.testing.assert_array_equal(found.by_last_row(), [1, 2, 0, 3])


def test_nothing_has_no_regions():
    *_, found = labelled(np.zeros((3, 3), bool), 2, corners=True)

    assert (len(found.runs), found.part.size, found.region.size) == (0, 0, 0)
    assert found.by_last_row().size == 0
