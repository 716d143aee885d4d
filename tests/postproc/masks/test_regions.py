import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

from postproc.masks import regions
from postproc.masks.regions import Runs, connect, runs_of, strips


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


PIXELS = np.array([[0, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [255, 0, 1, 255, 1]])


def as_tuples(found: Runs) -> list[tuple[int, int, int]]:
    return list(zip(found.row.tolist(), found.start.tolist(), found.stop.tolist(), strict=True))


def test_runs_are_stretches_of_a_row():
    assert as_tuples(runs_of(PIXELS == 1, first_row=7)) == [
        (7, 1, 3),
        (7, 4, 5),
        (9, 0, 5),
        (10, 2, 3),
        (10, 4, 5),
    ]


@given(npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_runs_paint_the_pixels_again(pixels):
    again = np.zeros_like(pixels)
    for row, start, stop in as_tuples(runs_of(pixels)):
        assert not again[row, max(start - 1, 0) : stop].any()
        again[row, start:stop] = True
    np.testing.assert_array_equal(again, pixels)


@given(tile_rows=st.integers(1, 6), piece=st.integers(1, 30))
def test_strips_and_pieces_change_nothing(tile_rows, piece):
    with pytest.MonkeyPatch.context() as patch, rasterio.MemoryFile() as memory:
        for name, value in (('STRIP_PIXELS', 1), ('TILE_ROWS', tile_rows), ('PIECE_PIXELS', piece)):
            patch.setattr(regions, name, value)
        profile = {'driver': 'GTiff', 'height': 4, 'width': 5, 'count': 1, 'dtype': 'uint8'}
        with memory.open(**profile, transform=rasterio.Affine.scale(2)) as dataset:
            dataset.write(np.uint8(PIXELS), 1)
        with memory.open() as dataset:
            parts = list(strips(dataset, 1))

    assert len(parts) == -(-4 // tile_rows)
    assert as_tuples(Runs.joined(parts)) == as_tuples(runs_of(PIXELS == 1))
