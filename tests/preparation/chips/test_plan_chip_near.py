import numpy as np
import pytest
import shapely

from dfpenet_mm.preparation.chips.plan import far_enough, near_pairs


def boxes(*corners, side=10):
    return [shapely.box(x, y, x + side, y + side) for x, y in corners]


@pytest.mark.parametrize(
    ('gap', 'far'),
    [
        (0, [True, True, False, True]),
        (1, [False, True, False, True]),
        (3, [False, True, False, True]),
        (4, [False, False, False, True]),
    ],
)
def test_gap(gap, far):
    """Beside the chip, 3 pixels away, 1 pixel inside, far away."""
    train = boxes((10, 0), (13, 0), (-9, 0), (99, 0))
    np.testing.assert_array_equal(far_enough(train, boxes((0, 0)), gap), far)


def test_pairs():
    chips = boxes((0, 0), (10, 0), (40, 0))
    pairs = near_pairs(chips, chips, 1)
    assert set(map(tuple, pairs.T.tolist())) == {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)}
    assert near_pairs(chips, [], 1).shape == (2, 0)
