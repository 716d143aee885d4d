import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from postproc.inventory import inventory_table
from postproc.inventory.inventory_table import touches_edge
from postproc.masks.product_rasters import scene_windows

MASK = np.array(
    [
        [0, 0, 0, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 0, 0],
        [0, 0, 255, 0, 1, 1, 0],
        [0, 0, 0, 0, 1, 1, 0],
        [1, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 255, 255, 255],
        [0, 0, 0, 0, 255, 255, 255],
    ]
)


def test_edge_of_the_scene_and_nodata_at_a_side_or_corner_cut_an_outline(make_product):
    product = make_product(MASK)
    upper_left = [(6, 0), (1, 1), (4, 2), (0, 4), (2, 5)]
    places = [
        tuple(np.round((~product.grid.transform @ (left, top)), 3))
        for left, _, _, top in product.landslides.bounds.to_numpy()
    ]
    assert places == upper_left

    found = touches_edge(product, product.landslides)

    assert found.tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(
    'transform',
    [
        Affine(10, 0, 500_000, 0, 10, 4_700_000),
        Affine.translation(500_000, 4_700_000) @ Affine.rotation(31) @ Affine.scale(10, -7),
    ],
)
def test_south_up_and_rotated_scenes(make_product, transform):
    product = make_product(MASK, transform=transform)

    assert touches_edge(product, product.landslides).sum() == 3


@pytest.mark.parametrize('neighbour', [(r, c) for r in (3, 4, 5) for c in (3, 4, 5)])
@pytest.mark.parametrize('size', [1, 2, 4, 5])
def test_nodata_in_the_next_window_counts(make_product, monkeypatch, neighbour, size):
    monkeypatch.setattr(inventory_table, 'scene_windows', lambda shape: scene_windows(shape, size))
    mask = np.zeros((9, 9))
    mask[4, 4] = 1
    product = make_product(mask)
    assert not touches_edge(product, product.landslides).any()
    if neighbour != (4, 4):
        mask[neighbour] = 255
        product = make_product(mask)
        assert touches_edge(product, product.landslides).all()


def test_all_landslide_and_no_landslide(make_product):
    full, empty = make_product(np.ones((4, 4))), None
    assert touches_edge(full, full.landslides).tolist() == [True]

    empty = make_product(np.zeros((4, 4)))
    assert touches_edge(empty, empty.landslides).shape == (0,)


def test_without_a_mask_only_the_edge_of_the_scene_counts(make_product):
    product = make_product(MASK)

    found = touches_edge(product.replace(rasters={}), product.landslides)

    assert found.tolist() == [True, False, False, True, False]


@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_windows_do_not_matter(make_product, monkeypatch, data):
    values = data.draw(st.lists(st.sampled_from([0, 0, 0, 1, 1, 255]), min_size=72, max_size=72))
    mask = np.array(values).reshape(8, 9)
    size = data.draw(st.integers(1, 5))
    monkeypatch.setattr(inventory_table, 'scene_windows', lambda shape: scene_windows(shape, size))
    product = make_product(mask)

    found = touches_edge(product, product.landslides)

    # The scene's surroundings are nodata, and a region touches what its neighbours hold.
    cut = ndimage.binary_dilation(np.pad(mask == 255, 1, constant_values=True), np.ones((3, 3)))
    labels, count = ndimage.label(np.pad(mask == 1, 1), np.ones((3, 3)))
    expected = {label: bool(cut[labels == label].any()) for label in range(1, count + 1)}
    inside = [
        labels[tuple(int(place) + 1 for place in (~product.grid.transform @ (x, y))[::-1])]
        for x, y in shapely.get_coordinates(product.landslides.representative_point())
    ]
    assert dict(zip(inside, found.tolist(), strict=True)) == expected
