import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt, label

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.evaluation.image_tally import COLUMNS, EDGES_M2, ImageTally


def pixels(text):
    codes = {'.': 0, '#': 1, '?': 255}
    return np.array([[codes[mark] for mark in row] for row in text.split()], np.uint8)


TRUTH = pixels("""
    ##....
    ##...#
    ....#.
    ......
    .?....
    ?.....
""")
MARKED = pixels("""
    .#....
    .##...
    ......
    ......
    ##..#.
    #.....
""")


def tally(truth=TRUTH, marked=MARKED, **settings):
    return ImageTally.of(truth, marked == 1, **settings)


def test_pixels_by_hand():
    counts = tally().counts
    assert (counts['tp'], counts['fp'], counts['fn'], counts['tn']) == (2, 3, 4, 25)
    # Beside the landslide lies one false alarm, beside the marked region two misses.
    assert (counts['fp_at_boundary'], counts['fn_at_boundary']) == (1, 2)
    assert counts['ground'] == pytest.approx(34e-6)


def test_regions_by_hand():
    counts = tally().counts
    # Of two landslides, the second over a corner, one is found; of three regions (the pixels that
    # are not judged are none) two are false.
    assert (counts['landslides_0'], counts['found_0'], counts['covered_0']) == (2, 1, 1)
    assert (counts['regions'], counts['false_regions']) == (3, 2)


def test_sizes_are_in_square_metres_where_the_pixel_is_known():
    counts = tally(pixel_size=10).counts
    # 4 pixels of 100 m2 and 2 of them lie both between 100 and 1,000 m2.
    assert EDGES_M2[:2] == (100, 1000)
    assert [counts[f'landslides_{index}'] for index in range(5)] == [0, 2, 0, 0, 0]
    assert counts['ground'] == pytest.approx(34 * 1e-4)
    on_the_limit = tally(pixels('#.'), pixels('..'), pixel_size=10).counts
    assert on_the_limit['landslides_1'] == 1


def test_probabilities_are_of_judged_pixels_with_a_value():
    probability = np.full(TRUTH.shape, 0.25)
    probability[TRUTH == 1] = 0.75
    probability[0, 0] = np.nan
    found = tally(probability=probability)
    counts = found.probabilities
    assert (counts.landslide.sum(), counts.other.sum()) == (5, 28)
    assert found.steps.tolist() == [16384, 49151]
    assert tally().probabilities.pixels.sum() == 0


def test_arrays_bring_the_tally_back():
    first = tally(probability=np.linspace(0, 1, 36).reshape(6, 6))
    again = ImageTally.from_arrays(first.to_arrays())
    assert again.counts == first.counts
    np.testing.assert_array_equal(again.probabilities.pixels, first.probabilities.pixels)


def test_two_shapes_are_refused():
    with pytest.raises(GridMismatchError, match=r'shape \(6, 6\), the map \(1, 2\)'):
        tally(marked=pixels('..'))


MASKS = arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 1, 255]))


@given(truth=MASKS, marked=MASKS)
def test_counts_against_labels_and_distances(truth, marked):
    counts = tally(truth, marked).counts
    assert sum(counts[name] for name in ('tn', 'fp', 'fn', 'tp')) == np.sum(truth != 255)
    assert set(counts) == set(COLUMNS)
    real, called = truth == 1, (marked == 1) & (truth != 255)
    pieces, count = label(real, structure=np.ones((3, 3)))
    found = sum(called[pieces == index].any() for index in range(1, count + 1))
    assert sum(counts[f'landslides_{index}'] for index in range(5)) == count
    assert sum(counts[f'found_{index}'] for index in range(5)) == found
    half = sum(called[pieces == index].mean() >= 0.5 for index in range(1, count + 1))
    assert sum(counts[f'covered_{index}'] for index in range(5)) == half
    far = distance_transform_edt(~real) if real.any() else np.full(real.shape, np.inf)
    assert counts['fp_at_boundary'] == np.sum(called & ~real & (far <= 1))
