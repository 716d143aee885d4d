import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from scipy import ndimage

from dfpenet_mm.errors import ConfigError, GridMismatchError, OutputError
from postproc.vectoriser import FIELDS, Vectoriser

MASK = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 1, 1],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 255],
    ]
)
PROBABILITY = np.arange(36).reshape(6, 6) / 36


def test_numbers_run_north_to_south_then_west_to_east(make_product):
    mask = [[0, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0]]
    product = make_product(np.array(mask) * 1)
    # As if a hook had shuffled them.
    product = product.replace(landslides=product.landslides.iloc[[2, 0, 3, 1]])

    table = Vectoriser()(product).landslides

    assert table['id'].tolist() == [1, 2, 3, 4]
    corners = list(zip(table['centroid_x'] - 500_000, table['centroid_y'] - 4_700_000, strict=True))
    # The first is two pixels that meet at a corner.
    assert corners == [(30, -10), (5, -15), (5, -35), (25, -35)]


def test_north_is_north_on_a_south_up_raster(make_product):
    transform = Affine(10, 0, 500_000, 0, 10, 4_700_000)

    table = Vectoriser()(make_product([[1], [0], [1]], transform=transform)).landslides

    assert table['centroid_y'].tolist() == [4_700_025, 4_700_005]


def test_fields_hold_measures_and_mean_probability(make_product):
    product = Vectoriser()(make_product(MASK, probability=PROBABILITY))

    table = product.landslides
    assert list(table.columns) == [*FIELDS, 'geometry']
    assert table['area_m2'].tolist() == pytest.approx([200, 300, 300])
    assert table['lw_ratio'].tolist() == pytest.approx([2, 3, 3])
    labels, count = ndimage.label(MASK == 1, np.ones((3, 3)))
    means = ndimage.mean(np.float32(PROBABILITY), labels, range(1, count + 1))
    assert sorted(table['mean_probability']) == pytest.approx(sorted(means))
    assert table['mean_probability'].iloc[0] == pytest.approx((10 + 11) / 72)
    assert table[['pre_coverage', 'pre_share', 'pre_persistence']].isna().all(axis=None)


def test_mean_probability_leaves_nan_out(make_product):
    probability = PROBABILITY.copy()
    probability[5, 1] = np.nan
    probability[1, 4:] = np.nan

    table = Vectoriser()(make_product(MASK, probability=probability)).landslides

    assert np.isnan(table['mean_probability'].iloc[0])
    assert table['mean_probability'].iloc[2] == pytest.approx((30 + 32) / 72)


def test_geopackage_reads_back_as_it_was_handed_on(make_product):
    product = make_product(MASK, probability=PROBABILITY)
    product = product.reject(np.array([True, False, False]), 'GeologicFilter', ['too small'])
    product = product.replace(landslides=product.landslides.assign(site_note='steep'))

    product = Vectoriser()(product)

    path = product.out_dir / 'landslides.gpkg'
    assert list(product.out_dir.iterdir()) == [path]
    assert [name for name, _ in pyogrio.list_layers(path)] == ['landslides', 'rejected']
    table = gpd.read_file(path, layer='landslides')
    assert table.crs == 'EPSG:32654'
    assert list(table.columns) == [*FIELDS, 'site_note', 'geometry']
    assert set(table.geom_type) == {'MultiPolygon'}
    assert shapely.equals(table.geometry.array, product.landslides.geometry.array).all()
    numbers = table[[*FIELDS[:11]]].to_numpy()
    np.testing.assert_array_equal(numbers, product.landslides[[*FIELDS[:11]]].to_numpy())
    rejected = gpd.read_file(path, layer='rejected')
    assert rejected['reason'].tolist() == ['too small']
    assert rejected['area_m2'].tolist() == pytest.approx([200])
    assert product.results['Vectoriser'] == {
        'file': 'landslides.gpkg',
        'layers': {'landslides': 2, 'rejected': 1},
        'area_m2': pytest.approx(600),
    }


def test_no_landslide_gives_a_valid_file(make_product):
    product = Vectoriser()(make_product(np.zeros((4, 4)), probability=np.zeros((4, 4))))

    table = gpd.read_file(product.out_dir / 'landslides.gpkg', layer='landslides')
    assert len(table) == 0
    assert table.crs == 'EPSG:32654'
    assert list(table.columns) == [*FIELDS, 'geometry']
    assert pyogrio.read_info(product.out_dir / 'landslides.gpkg')['geometry_type'] == 'MultiPolygon'


def test_running_twice_replaces_the_file_and_the_fields(make_product):
    once = Vectoriser()(make_product(MASK, probability=PROBABILITY))
    once = once.reject(once.landslides['id'].to_numpy() == 1, 'Analyst', ['a quarry'])

    twice = Vectoriser()(once)

    table = gpd.read_file(twice.out_dir / 'landslides.gpkg', layer='landslides')
    assert table['id'].tolist() == [1, 2]
    assert list(table.columns) == [*FIELDS, 'geometry']


def test_degrees_get_metres(make_product):
    transform = Affine(1e-4, 0, 141.9, 0, -1e-4, 42.7)

    table = Vectoriser()(make_product(MASK, crs='EPSG:4326', transform=transform)).landslides

    # A pixel: 8.2 m east by 11.1 m north.
    assert table['area_m2'].tolist() == pytest.approx([2 * 91.0, 3 * 91.0, 3 * 91.0], rel=2e-3)
    assert table['lon'].tolist() == pytest.approx(table['centroid_x'].tolist())


def test_refuses_bad_names_folders_and_grids(make_product, write_raster):
    with pytest.raises(ConfigError, match=r"'a/b\.gpkg'"):
        Vectoriser(filename='a/b.gpkg')
    with pytest.raises(ConfigError, match=r"'out\.shp'"):
        Vectoriser(filename='out.shp')
    with pytest.raises(ConfigError, match='rejected'):
        Vectoriser(layer='rejected')
    product = make_product(MASK)
    with pytest.raises(OutputError, match='is no folder'):
        Vectoriser()(product.replace(out_dir=product.out_dir / 'missing'))
    small = write_raster('small.tif', np.zeros((2, 2), np.float32))
    rasters = {**product.rasters, 'probability': small}
    with pytest.raises(GridMismatchError, match='probability'):
        Vectoriser()(product.replace(rasters=rasters))


@pytest.mark.parametrize('limit', [4096, 60_000, 90_000])
def test_a_full_disk_ends_in_one_sentence(make_product, full_disk, limit):
    product = make_product(MASK, probability=PROBABILITY)

    with full_disk(limit), pytest.raises(OutputError, match='cannot be written') as caught:
        Vectoriser()(product)

    assert 'landslides.gpkg' in str(caught.value)
    assert len(str(caught.value)) < 400
    assert '\n' not in str(caught.value)
    assert list(product.out_dir.iterdir()) == []


def test_a_custom_crs_survives(make_product):
    laea = rasterio.crs.CRS.from_string('+proj=laea +lat_0=42.7 +lon_0=142 +datum=WGS84 +units=m')
    transform = Affine(10, 0, 0, 0, -10, 0)

    product = Vectoriser()(make_product(MASK, crs=laea, transform=transform))

    table = gpd.read_file(product.out_dir / 'landslides.gpkg')
    # The north-west corner of the scene is the projection's centre.
    left, _, _, top = table.to_crs('EPSG:4326').total_bounds
    assert (left, top) == pytest.approx((142.0, 42.7 - 10 / 111_080), abs=1e-6)
