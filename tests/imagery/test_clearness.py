import numpy as np

from dfpenet_mm.imagery.clearness import Seen, laid_over, seen_of, shares

C, L, S, W, D, N = Seen.CLEAR, Seen.CLOUD, Seen.SHADOW, Seen.SNOW, Seen.DEFECTIVE, Seen.NOTHING


def test_classes_of_sentinel2():
    found = seen_of(np.arange(12))
    assert found.tolist() == [N, D, C, S, C, C, C, C, L, L, L, W]


def test_clear_ground_lies_on_top():
    upper = np.array([C, L, N, S, N, L])
    lower = np.array([L, C, S, N, N, W])
    assert laid_over(upper, lower).tolist() == [C, C, S, S, N, L]


def test_shares_are_of_the_area_alone():
    seen = np.array([[C, L, S, N], [C, C, C, C]])
    inside = np.array([[True] * 4, [False] * 4])
    assert shares(seen, inside) == {
        'clear': 0.25,
        'cloud': 0.25,
        'shadow': 0.25,
        'snow': 0.0,
        'covered': 0.75,
    }
