import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from postproc.masks import regions
from postproc.masks.regions import Runs, runs_of, strips

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
