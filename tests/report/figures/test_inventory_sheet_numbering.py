import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dfpenet_mm.report.figures.inventory_sheet import DIGIT, LINE, place_numbers

SIZE = 6.0


def boxes(placed, texts):
    halves = [
        np.array([DIGIT * SIZE * len(texts[number.row]), LINE * SIZE]) / 2 for number in placed
    ]
    return np.array(
        [
            [number.x - half[0], number.y - half[1], number.x + half[0], number.y + half[1]]
            for number, half in zip(placed, halves, strict=True)
        ]
    ).reshape(-1, 4)


@given(st.integers(0, 2**32 - 1), st.integers(1, 120))
def test_numbers_keep_clear_of_each_other_of_the_frame_and_of_what_is_reserved(seed, count):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, (300, 200), (count, 2))
    bounds = np.hstack([corners, corners + rng.uniform(0, 40, (count, 2))])
    texts = [str(number) for number in range(1, count + 1)]
    reserved = (0, 0, 50, 50)
    placed = place_numbers(
        bounds,
        texts,
        order=rng.permutation(count),
        size=SIZE,
        area=(300, 200),
        reserved=[reserved],
        most=40,
    )
    assert len(placed) <= 40
    taken = np.vstack([boxes(placed, texts), reserved])
    assert (taken[:, :2] >= 0).all()
    assert (taken[:, 2:] <= (300, 200)).all()
    for one in range(len(taken)):
        for other in range(one):
            apart = (taken[one, :2] >= taken[other, 2:]) | (taken[one, 2:] <= taken[other, :2])
            assert apart.any()


def test_the_first_in_order_gets_the_place():
    # Two specks at one spot in a corner in which one number has room.
    bounds = np.array([[5, 2, 6, 4], [5, 2, 6, 4]], float)
    for order in ([0, 1], [1, 0]):
        placed = place_numbers(bounds, ['1', '2'], order=np.array(order), size=SIZE, area=(7, 6))
        assert [number.row for number in placed] == order[:1]


def test_a_large_landslide_has_its_number_inside_and_a_small_one_beside():
    bounds = np.array([[10, 10, 90, 60], [150, 50, 153, 53]], float)
    large, small = place_numbers(bounds, ['7', '8'], order=np.arange(2), size=SIZE, area=(200, 100))
    assert (large.x, large.y) == (50, 35)
    assert small.x > 153
    assert small.y == 51.5
