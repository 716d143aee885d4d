import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import Verdict
from postproc.evaluation.evaluation_area import EvaluationArea
from postproc.evaluation.pixel_comparison import PixelComparison, PixelCounts

TRANSFORM = Affine(10, 0, 500_000, 0, -10, 4_700_000)
PREDICTED = np.array(
    [
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]
)
REFERENCE = np.array(
    [
        [1, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 1],
    ]
)
# With a tolerance of one pixel: 4 is FP, 5 is FN left to the boundary.
WANTED = np.array(
    [
        [1, 1, 4, 2, 0, 0, 0, 0],
        [1, 1, 4, 2, 0, 0, 0, 0],
        [5, 5, 0, 0, 0, 0, 0, 0],
        [3, 3, 0, 0, 0, 0, 2, 2],
        [0, 0, 0, 0, 0, 0, 2, 2],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 3],
    ]
)


def boxes(mask):
    corners = [
        (TRANSFORM @ (col, row + 1), TRANSFORM @ (col + 1, row)) for row, col in np.argwhere(mask)
    ]
    return np.array([shapely.box(*low, *high) for low, high in corners], dtype=object)


@pytest.fixture
def compare(write_raster):
    def run(predicted, reference, *, nodata=None, window_size=1024, area=None, **options):
        mask = np.zeros(predicted.shape, np.uint8)
        if nodata is not None:
            mask[nodata] = 255
        grid = RasterGrid(CRS.from_epsg(32654), TRANSFORM, predicted.shape)
        comparison = PixelComparison(
            predicted=boxes(predicted),
            reference=boxes(reference),
            grid=grid,
            masks=[write_raster('mask.tif', mask)],
            area=None if area is None else EvaluationArea('area', area, grid),
            **options,
        )
        seen = np.full(predicted.shape, 77, np.uint8)

        def sink(window, verdicts):
            seen[window.toslices()] = verdicts

        return comparison.run([sink], window_size), seen

    return run


@pytest.mark.parametrize('window_size', [1, 3, 8])
def test_verdicts_by_hand(compare, window_size):
    counts, seen = compare(PREDICTED, REFERENCE, tolerance_px=1, window_size=window_size)

    np.testing.assert_array_equal(seen, WANTED)
    strict, tolerant = counts.strict, counts.tolerant
    assert (strict.tp, strict.fp, strict.fn) == (4, 8, 5)
    assert (tolerant.tp, tolerant.fp, tolerant.fn) == (4, 6, 3)
    assert counts.tolerant_as_dict() == {
        'tolerance_px': 1,
        'fp_left_out': 2,
        'fn_left_out': 2,
        **tolerant.as_dict(),
    }


def test_without_tolerance_nothing_is_left_out(compare):
    counts, seen = compare(PREDICTED, REFERENCE)

    np.testing.assert_array_equal(seen, np.where(WANTED > 3, WANTED - 2, WANTED))
    assert counts.tolerant_as_dict() is None
    assert counts.strict == counts.tolerant


def test_outside_of_area_and_data_nothing_is_compared(compare):
    # The area ends in the middle of the second column: centres inside of it count.
    area = shapely.box(500_000, 4_600_000, 500_016, 4_700_000)
    nodata = np.zeros((8, 8), bool)
    nodata[0] = True

    counts, seen = compare(PREDICTED, REFERENCE, nodata=nodata, area=area, tolerance_px=1)

    assert (seen[0] == 255).all()
    assert (seen[:, 2:] == 255).all()
    np.testing.assert_array_equal(seen[1:, :2], WANTED[1:, :2])
    assert counts.by_verdict[Verdict.NOT_COMPARED] == 8 + 7 * 6


TOLERANCES = st.sampled_from([0, 1, 2.3])


@given(masks=npst.arrays(bool, (3, 9, 7)), size=st.integers(1, 9), tolerance=TOLERANCES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_preserved_transposed_and_cut(compare, masks, size, tolerance):
    predicted, reference, nodata = masks
    options = {'nodata': nodata, 'tolerance_px': tolerance}
    counts, seen = compare(predicted, reference, **options)
    cut, seen_cut = compare(predicted, reference, window_size=size, **options)
    turned, seen_turned = compare(predicted.T, reference.T, nodata=nodata.T, tolerance_px=tolerance)

    strict = counts.strict
    assert strict.tp + strict.fp == (predicted & ~nodata).sum()
    assert strict.tp + strict.fn == (reference & ~nodata).sum()
    assert counts.by_verdict.sum() == predicted.size
    assert counts.tolerant.tp == strict.tp
    np.testing.assert_array_equal(seen_cut, seen)
    np.testing.assert_array_equal(seen_turned, seen.T)
    np.testing.assert_array_equal(cut.by_verdict, counts.by_verdict)
    np.testing.assert_array_equal(turned.by_verdict, counts.by_verdict)


def test_counts_of_all_landslide_and_of_none(compare):
    everything, nothing = np.ones((4, 4), bool), np.zeros((4, 4), bool)

    assert compare(everything, everything)[0].strict.as_dict()['iou'] == 1
    assert compare(nothing, nothing)[0].strict.as_dict()['iou'] is None
    assert compare(everything, nothing, tolerance_px=3)[0].tolerant.fp == 16


def test_pixel_counts_are_plain_numbers():
    counts = PixelCounts(np.arange(256), 2.0)
    assert all(type(value) in (int, float) for value in counts.tolerant_as_dict().values())
    assert (counts.strict.tp, counts.strict.fp, counts.strict.fn) == (1, 2 + 4, 3 + 5)


def test_landslides_that_overlap_each_other_count_a_pixel_once(write_raster):
    mask = write_raster('mask.tif', np.zeros((1, 4), np.uint8))
    grid = RasterGrid(CRS.from_epsg(32654), TRANSFORM, (1, 4))
    one, other = boxes(np.array([[1, 1, 0, 0]])), boxes(np.array([[0, 1, 1, 0]]))

    counts = PixelComparison(
        predicted=np.repeat(one, 2), reference=np.repeat(other, 3), grid=grid, masks=[mask]
    ).run()

    assert counts.by_verdict[:4].tolist() == [1, 1, 1, 1]
