import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from postproc.terrain.derivatives import (
    GroundSteps,
    aspect_parts,
    curvature,
    gradient,
    plan_curvature,
    profile_curvature,
    relief,
    relief_margin,
    slope,
)

# 10 m columns and 20 m rows, of some rotation and either way up.
TURNS = st.floats(0, 360)
SOUTH_UP = st.booleans()


def steps_and_places(turn, south_up, shape=(7, 9)):
    """Steps of a plane grid, and metres (east, north) of its cells about the middle one."""
    step = Affine.rotation(turn) @ Affine.scale(10, 20 if south_up else -20)
    row, col = np.indices(shape)
    row, col = row - shape[0] // 2, col - shape[1] // 2
    east, north = step.a * col + step.b * row, step.d * col + step.e * row
    inner = tuple(side - 2 for side in shape)
    return GroundSteps(*(np.full(inner, s) for s in (step.a, step.d, step.b, step.e))), east, north


@given(steep=st.floats(0.01, 3), direction=st.floats(0, 359.9), turn=TURNS, south_up=SOUTH_UP)
def test_a_plane_has_its_slope_and_direction(steep, direction, turn, south_up):
    steps, east, north = steps_and_places(turn, south_up)
    angle = np.radians(direction)
    plane = 500 - steep * (east * np.sin(angle) + north * np.cos(angle))

    np.testing.assert_allclose(slope(plane, steps), np.degrees(np.arctan(steep)), rtol=1e-6)
    down_east, down_north = aspect_parts(plane, steps)
    np.testing.assert_allclose(down_east, np.sin(angle), atol=1e-6)
    np.testing.assert_allclose(down_north, np.cos(angle), atol=1e-6)
    np.testing.assert_allclose(curvature(plane, steps), 0, atol=1e-10)


@given(
    second=st.tuples(*[st.floats(-0.01, 0.01)] * 3),
    first=st.tuples(*[st.floats(0.1, 1)] * 2),
    turn=TURNS,
    south_up=SOUTH_UP,
)
def test_a_paraboloid_has_its_curvatures(second, first, turn, south_up):
    """z = a e + b n + (p e2 + 2 q e n + r n2) / 2: all derivatives at the middle are known."""
    steps, east, north = steps_and_places(turn, south_up)
    (a, b), (p, q, r) = first, second
    surface = a * east + b * north + (p * east**2 + 2 * q * east * north + r * north**2) / 2

    middle = np.s_[2, 3]
    squared = a**2 + b**2
    along = (p * a**2 + 2 * q * a * b + r * b**2) / squared
    across = (p * b**2 - 2 * q * a * b + r * a**2) / squared
    assert curvature(surface, steps)[middle] == pytest.approx(-(p + r), abs=1e-9)
    assert profile_curvature(surface, steps)[middle] == pytest.approx(-along, abs=1e-9)
    assert plan_curvature(surface, steps)[middle] == pytest.approx(-across, abs=1e-9)


def test_crests_are_positive_and_hollows_negative():
    steps, east, north = steps_and_places(0, False)
    dome = 100 - (east**2 + north**2) / 200

    assert (curvature(dome, steps) > 0).all()
    assert (curvature(-dome, steps) < 0).all()
    assert np.isnan(profile_curvature(dome, steps)[2, 3])  # its top is level
    assert plan_curvature(dome, steps)[0, 0] > 0


def test_gradient_is_horns():
    """Against a Sobel filter, which has Horn's weights."""
    steps, _, _ = steps_and_places(0, False)
    surface = np.random.default_rng(0).normal(100, 9, (7, 9))

    east, north = gradient(surface, steps)

    inner = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(east, ndimage.sobel(surface, axis=1)[inner] / 8 / 10)
    np.testing.assert_allclose(north, -ndimage.sobel(surface, axis=0)[inner] / 8 / 20)


@pytest.mark.parametrize('function', [slope, curvature, profile_curvature, plan_curvature])
def test_a_missing_neighbour_leaves_no_value(function):
    steps, east, north = steps_and_places(0, False)
    surface = 3 * east + north + east * north / 50
    surface[3, 4] = np.nan

    missing = np.isnan(function(surface, steps))

    assert missing[1:4, 2:5].all()
    assert missing.sum() == 9


def test_level_ground_has_no_direction():
    steps, east, _ = steps_and_places(0, False)

    assert np.isnan(aspect_parts(np.zeros_like(east), steps)).all()
    assert (slope(np.zeros_like(east), steps) == 0).all()


def test_relief_is_the_range_in_a_square_of_metres():
    steps = GroundSteps(*(np.full((1, 1), step) for step in (100.0, 0.0, 0.0, -125.0)))
    surface = np.arange(5 * 7.0).reshape(5, 7)

    assert relief_margin(steps) == (2, 2)  # 250 m are two rows, and two columns after rounding
    assert relief(surface, (2, 2)).tolist() == [[32, 32, 32]]
    surface[0, 0] = np.nan
    np.testing.assert_array_equal(relief(surface, (2, 2)), [[np.nan, 32, 32]])
