import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postproc.statistics.density_map import map_density, write_density

MASK = np.array(
    [
        [1, 1, 0, 0, 0, 255],
        [1, 1, 0, 0, 255, 255],
        [0, 0, 0, 1, 255, 255],
        [0, 0, 1, 0, 255, 255],
        [0, 0, 0, 0, 0, 0],
    ]
)


def test_cells_by_hand(make_product):
    # Cells of 2 by 2 pixels, 20 m: 400 m2.
    density = map_density(make_product(MASK), 20)

    assert density.landslides.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert density.landslide_pixels.tolist() == [[4, 0, 0], [0, 2, 0], [0, 0, 0]]
    assert density.valid_pixels.tolist() == [[4, 4, 1], [4, 4, 0], [2, 2, 2]]
    assert density.per_km2[0, 0] == pytest.approx(1 / 0.0004)
    assert density.per_km2[0, 2] == 0
    assert np.isnan(density.per_km2[1, 2])
    assert density.area_share[1].tolist()[:2] == [0, 0.5]
    assert density.valid_share[2].tolist() == [0.5, 0.5, 0.5]


def test_file_lies_where_the_scene_lies(make_product, tmp_path):
    product = make_product(MASK)
    density = map_density(product, 20)

    write_density(tmp_path / 'density.tif', density, {'a': 1})

    with rasterio.open(tmp_path / 'density.tif') as dataset:
        assert dataset.transform == product.grid.transform @ Affine.scale(2)
        assert dataset.crs == product.grid.crs
        assert dataset.descriptions == (
            'landslides_per_km2',
            'landslide_area_share',
            'valid_share',
        )
        np.testing.assert_allclose(dataset.read(2), density.area_share)
        assert np.isnan(dataset.nodata)


@pytest.mark.parametrize('cell', [1, 15, 30, 1e6])
def test_every_landslide_is_in_one_cell(make_product, cell):
    product = make_product(MASK)

    density = map_density(product, cell)

    assert density.landslides.sum() == len(product.landslides) == 2
    assert density.landslide_pixels.sum() == (MASK == 1).sum()
    assert density.valid_pixels.sum() == (MASK != 255).sum()
    known = density.valid_pixels > 0
    assert (density.per_km2 * density.valid_km2)[known].sum() == pytest.approx(2)


def test_degrees_are_counted_in_square_kilometres(make_product):
    # 1e-4 degrees at 60 degrees north: 11.14 m by about half as much.
    grid = {'crs': 'EPSG:4326', 'transform': Affine(1e-4, 0, 10, 0, -1e-4, 60)}
    product = make_product(MASK, **grid)

    density = map_density(product, 1000)

    ground = shapely.box(10, 60 - 5e-4, 10 + 6e-4, 60)
    metric = gpd.GeoSeries([ground], crs='EPSG:4326').to_crs('EPSG:32632').area.iloc[0]
    assert density.grid.shape == (1, 1)
    assert density.valid_km2[0, 0] == pytest.approx(metric / 30 * 23 / 1e6, rel=2e-3)


@given(rows=st.integers(1, 9), cols=st.integers(1, 9), cell=st.integers(1, 12))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_transposed_scene_has_a_transposed_map(make_product, rows, cols, cell):
    mask = np.random.default_rng(rows * 10 + cols).choice([0, 1, 255], (rows, cols))

    one = map_density(make_product(mask), 10 * cell)
    turned = map_density(make_product(mask.T), 10 * cell)

    np.testing.assert_array_equal(turned.valid_pixels, one.valid_pixels.T)
    np.testing.assert_array_equal(turned.landslide_pixels, one.landslide_pixels.T)
    assert turned.landslides.sum() == one.landslides.sum()


def test_no_landslides(make_product):
    density = map_density(make_product(np.zeros((3, 3))), 10)
    assert density.landslides.sum() == 0
    assert (density.per_km2 == 0).all()
