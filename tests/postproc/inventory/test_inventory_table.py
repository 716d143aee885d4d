import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from postproc.inventory import inventory_table
from postproc.inventory.fields import LANDSLIDE_FIELDS, TERRAIN_FIELDS, names
from postproc.inventory.inventory_table import tabulate

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
