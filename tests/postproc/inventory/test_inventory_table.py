import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from postproc.inventory import inventory_table
from postproc.inventory.fields import LANDSLIDE_FIELDS, TERRAIN_FIELDS, names
from postproc.inventory.inventory_table import clean_regions, headscarp_points, tabulate

MASK = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 1],
        [0, 1, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 255],
    ]
)
PROBABILITY = np.linspace(0.5, 1, 30).reshape(5, 6)


def fake_terrain(regions, *_, **__):
    """Stand in for the DEM: heights by row number, nothing for the first region."""
    heights = np.arange(len(regions), dtype=float)
    heights[:1] = np.nan
    columns = dict.fromkeys(names(TERRAIN_FIELDS)) | dict.fromkeys(
        ['headscarp_x', 'headscarp_y', 'headscarp_m', 'toe_x', 'toe_y', 'toe_m']
    )
    return pd.DataFrame(dict.fromkeys(columns, heights), index=regions.index)


def test_probability_is_that_of_the_pixels(make_product):
    table = tabulate(make_product(MASK, probability=PROBABILITY)).landslides

    labels, count = ndimage.label(MASK == 1)
    for function, column in [
        (np.mean, 'mean_probability'),
        (lambda values: np.percentile(values, 10), 'p10_probability'),
    ]:
        expected = [function(np.float32(PROBABILITY)[labels == n]) for n in range(1, count + 1)]
        assert sorted(table[column]) == pytest.approx(sorted(expected))


@pytest.mark.parametrize('nodata', [float('nan'), -1.0, None])
def test_probability_without_data_does_not_count(make_product, write_raster, nodata):
    values = np.float32(PROBABILITY)
    values[4, 0] = np.nan if nodata is None else nodata
    product = make_product(MASK)
    rasters = {**product.rasters, 'probability': write_raster('p.tif', values, nodata=nodata)}

    table = tabulate(product.replace(rasters=rasters)).landslides

    lowest = table.loc[table['centroid_y'].idxmin()]
    assert lowest['mean_probability'] == pytest.approx(np.float32(PROBABILITY)[4, 1:4].mean())


def test_without_probability_it_is_null(make_product):
    table = tabulate(make_product(MASK)).landslides

    assert table[['mean_probability', 'p10_probability']].isna().all(axis=None)
    assert table['touches_edge'].tolist() == [False, True, True]
    assert table['touches_edge'].dtype == bool


def test_rejected_regions_are_numbered_on_and_have_the_same_fields(make_product):
    product = make_product(MASK, probability=PROBABILITY)
    product = product.reject(np.array([True, False, True]), 'GeologicFilter', ['thin', 'small'])

    inventory = tabulate(product)

    assert inventory.landslides['id'].tolist() == [1]
    assert inventory.rejected['id'].tolist() == [2, 3]
    assert inventory.rejected['reason'].tolist() == ['thin', 'small']
    fields = names(LANDSLIDE_FIELDS)
    assert list(inventory.rejected.columns) == [*fields, 'hook', 'reason', 'geometry']
    assert inventory.rejected['area_m2'].tolist() == pytest.approx([300, 400])
    assert inventory.rejected['mean_probability'].notna().all()
    assert inventory.headscarps is None


def test_west_to_east_across_the_antimeridian(make_product):
    mask = [[1, 0, 1, 0, 1]]
    transform = Affine(1e-3, 0, 179.9975, 0, -1e-3, -17)

    table = tabulate(make_product(np.array(mask), crs='EPSG:4326', transform=transform)).landslides

    assert table['lon'].tolist() == pytest.approx([179.998, -180, -179.998])
    assert table['centroid_x'].tolist() == pytest.approx([179.998, 180, 180.002])
    assert table['area_m2'].to_numpy() == pytest.approx(table['area_m2'].mean(), rel=1e-6)


def test_terrain_fields_and_headscarps_with_a_dem(make_product, monkeypatch, tmp_path):
    monkeypatch.setattr(inventory_table, 'terrain_attributes', fake_terrain)
    product = make_product(MASK)
    product = product.reject(np.array([True, False, False]), 'GeologicFilter', ['thin'])
    product = product.replace(layers={'dem': tmp_path / 'dem.tif'})

    inventory = tabulate(product)

    fields = [*names(LANDSLIDE_FIELDS), *names(TERRAIN_FIELDS)]
    assert list(inventory.landslides.columns) == [*fields, 'geometry']
    assert list(inventory.rejected.columns) == [*fields, 'hook', 'reason', 'geometry']
    # The fake knows nothing of the first region it was given, which is the rejected one.
    assert inventory.rejected['relief_m'].isna().all()
    assert inventory.landslides['relief_m'].tolist() == [1, 2]
    assert inventory.headscarps['landslide_id'].tolist() == [1, 1, 2, 2]


def test_columns_of_hooks_stay_behind_the_fields(make_product):
    product = make_product(MASK)
    landslides = product.landslides.assign(slope_median=[1.0, 2.0, 3.0], pre_share=0.25, id=9)

    table = tabulate(product.replace(landslides=landslides)).landslides

    assert list(table.columns) == [*names(LANDSLIDE_FIELDS), 'slope_median', 'geometry']
    assert table['pre_share'].tolist() == [0.25] * 3
    assert table['id'].tolist() == [1, 2, 3]
    dtypes = {field.name: field.dtype for field in LANDSLIDE_FIELDS}
    assert {name: str(table[name].dtype) for name in dtypes} == dtypes


@given(values=st.lists(st.sampled_from([0, 0, 1, 255]), min_size=42, max_size=42))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_changes_when_the_scene_is_transposed(make_product, values):
    mask = np.array(values).reshape(6, 7)
    rng = np.random.default_rng(1)
    probability = rng.random(mask.shape)
    # Transposing swaps x and y; the transform swaps them back, and every pixel stays in place.
    upright = Affine(10, 0, 500_000, 0, -10, 4_700_000)
    swapped = upright @ Affine(0, 1, 0, 1, 0, 0)

    one = tabulate(make_product(mask, probability=probability)).landslides
    other = tabulate(make_product(mask.T, probability=probability.T, transform=swapped)).landslides

    exact = [name for name in names(LANDSLIDE_FIELDS) if not name.startswith(('lw', 'az', 'pre'))]
    exact = [name for name in exact if name not in ('length_m', 'width_m')]
    pd.testing.assert_frame_equal(one[exact], other[exact], check_exact=False, rtol=1e-6)
    assert one.geometry.geom_equals(other.geometry).all()


SQUARE = shapely.box(0, 0, 10, 10)
BOW_TIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def table(geometries):
    numbers = range(len(geometries))
    return gpd.GeoDataFrame({'note': numbers}, geometry=geometries, crs='EPSG:32654')


def test_good_regions_pass_untouched():
    regions = table([SQUARE, shapely.MultiPolygon([SQUARE, shapely.box(20, 0, 30, 10)])])

    assert clean_regions(regions) == (regions, 0, 0)
    empty = table([])
    assert clean_regions(empty)[0] is empty


def test_what_is_no_area_goes_and_what_is_broken_is_mended():
    collection = shapely.GeometryCollection([SQUARE, shapely.Point(50, 50)])
    raised = shapely.force_3d(SQUARE, 7)
    line = shapely.LineString([(0, 0), (1, 1)])
    flat = shapely.Polygon([(0, 0), (5, 0), (9, 0)])
    regions = table([None, shapely.Polygon(), line, flat, BOW_TIE, collection, raised, SQUARE])

    found, mended, lost = clean_regions(regions)

    assert found['note'].tolist() == [4, 5, 6, 7]
    assert (mended, lost) == (1, 4)
    assert found.area.tolist() == [50, 100, 100, 100]
    assert found.is_valid.all()
    assert not found.has_z.any()
    assert set(found.geom_type) <= {'Polygon', 'MultiPolygon'}
    assert found.crs == 'EPSG:32654'
    # The caller's table is as it was.
    assert regions.geometry[4] is not None
    assert not regions.is_valid[4]


def test_the_table_that_came_keeps_its_broken_polygon():
    regions = table([SQUARE, BOW_TIE])

    found, mended, _ = clean_regions(regions)

    assert mended == 1
    assert found.is_valid.all()
    assert regions.is_valid.tolist() == [True, False]


def test_two_points_a_landslide_none_without_elevations():
    nan = np.nan
    landslides = gpd.GeoDataFrame(
        {
            'id': [1, 2, 3],
            'headscarp_x': [10.0, nan, 30.0],
            'headscarp_y': [11.0, nan, 31.0],
            'headscarp_m': [500.0, nan, 700.0],
            'toe_x': [12.0, nan, 32.0],
            'toe_y': [13.0, nan, 33.0],
            'toe_m': [400.0, nan, 650.0],
        },
        geometry=[shapely.box(0, 0, 1, 1)] * 3,
        crs='EPSG:32654',
    )

    points = headscarp_points(landslides)

    assert list(points.columns) == ['landslide_id', 'kind', 'elevation_m', 'geometry']
    assert points['landslide_id'].tolist() == [1, 1, 3, 3]
    assert points['kind'].tolist() == ['headscarp', 'toe'] * 2
    assert points['elevation_m'].tolist() == [500, 400, 700, 650]
    assert shapely.get_coordinates(points.geometry).tolist() == [
        [10, 11],
        [12, 13],
        [30, 31],
        [32, 33],
    ]
    assert points.crs == 'EPSG:32654'
    assert list(headscarp_points(landslides.iloc[:0]).columns) == list(points.columns)
