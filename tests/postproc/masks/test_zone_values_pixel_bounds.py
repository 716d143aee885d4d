import numpy as np
import pytest
import shapely
from affine import Affine

from postproc.masks.zone_values import pixel_bounds

PIXELS = np.array([[2.0, 3.0], [7.0, 4.0], [5.0, 9.0], [2.0, 3.0]])


@pytest.mark.parametrize(
    'transform',
    [
        Affine(10, 0, 500_000, 0, -10, 4_700_000),
        Affine(-3, 0, 500_000, 0, 7, 4_700_000),
        Affine(0, 5, 500_000, 5, 0, 4_700_000),
        Affine.translation(500_000, 4_700_000) @ Affine.rotation(31) @ Affine.scale(10, -7),
        # Pixels of a metre in degrees, turned: every term is tiny.
        Affine(8e-6, 4e-6, 141.0, 4e-6, -8e-6, 42.0),
    ],
)
def test_bounds_are_those_of_the_vertices_in_pixels(transform):
    on_the_map = [transform @ (col, row) for col, row in PIXELS]
    geometries = np.array([shapely.Polygon(on_the_map), shapely.Polygon()])

    found = pixel_bounds(geometries, transform)

    np.testing.assert_allclose(found[0], [2, 3, 7, 9], atol=1e-6)
    assert np.isnan(found[1]).all()


def test_of_nothing_there_are_none():
    assert pixel_bounds(np.array([], dtype=object), Affine.scale(2, -2)).shape == (0, 4)
