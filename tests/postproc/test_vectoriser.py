import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from scipy import ndimage

from dfpenet_mm.errors import ConfigError, GridMismatchError, OutputError
from postproc.inventory.fields import LANDSLIDE_FIELDS, REVIEW_FIELDS, TERRAIN_FIELDS, names
from postproc.registry import EarlyInputs
from postproc.vectoriser import Vectoriser

FIELDS = names(LANDSLIDE_FIELDS)
REVIEW = names(REVIEW_FIELDS)

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


@pytest.fixture(autouse=True)
def quick_geopackages(monkeypatch):
    """Do not wait for the disk after every table."""
    monkeypatch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')


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
    assert list(table.columns) == [*FIELDS, *REVIEW, 'geometry']
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
    assert [name for name, _ in pyogrio.list_layers(path)] == [
        'landslides',
        'rejected',
        'reviewed_area',
        'places_to_check',
        'layer_styles',
    ]
    table = gpd.read_file(path, layer='landslides')
    assert table.crs == 'EPSG:32654'
    assert list(table.columns) == [*FIELDS, 'site_note', *REVIEW, 'geometry']
    assert set(table.geom_type) == {'MultiPolygon'}
    assert shapely.equals(table.geometry.array, product.landslides.geometry.array).all()
    numbers = table[FIELDS].to_numpy(dtype=float)
    np.testing.assert_array_equal(numbers, product.landslides[FIELDS].to_numpy(dtype=float))
    rejected = gpd.read_file(path, layer='rejected')
    assert rejected['reason'].tolist() == ['too small']
    assert rejected['area_m2'].tolist() == pytest.approx([200])
    assert product.results['Vectoriser'] == {
        'files': ['landslides.gpkg'],
        'layers': {'landslides': 2, 'rejected': 1, 'reviewed_area': 0, 'places_to_check': 10},
        'area_m2': pytest.approx(600),
        'touching_edge': 1,
        'simplified': None,
    }


def test_no_landslide_gives_a_valid_file(make_product):
    product = Vectoriser()(make_product(np.zeros((4, 4)), probability=np.zeros((4, 4))))

    table = gpd.read_file(product.out_dir / 'landslides.gpkg', layer='landslides')
    assert len(table) == 0
    assert table.crs == 'EPSG:32654'
    assert list(table.columns) == [*FIELDS, *REVIEW, 'geometry']
    info = pyogrio.read_info(product.out_dir / 'landslides.gpkg', layer='landslides')
    assert info['geometry_type'] == 'MultiPolygon'


def test_running_twice_replaces_the_file_and_the_fields(make_product):
    once = Vectoriser()(make_product(MASK, probability=PROBABILITY))
    once = once.reject(once.landslides['id'].to_numpy() == 1, 'Analyst', ['a quarry'])

    twice = Vectoriser()(once)

    table = gpd.read_file(twice.out_dir / 'landslides.gpkg', layer='landslides')
    assert table['id'].tolist() == [1, 2]
    assert list(table.columns) == [*FIELDS, *REVIEW, 'geometry']


def test_degrees_get_metres(make_product):
    transform = Affine(1e-4, 0, 141.9, 0, -1e-4, 42.7)

    table = Vectoriser()(make_product(MASK, crs='EPSG:4326', transform=transform)).landslides

    # A pixel: 8.2 m east by 11.1 m north.
    assert table['area_m2'].tolist() == pytest.approx([2 * 91.0, 3 * 91.0, 3 * 91.0], rel=2e-3)
    assert table['lon'].tolist() == pytest.approx(table['centroid_x'].tolist())


def test_refuses_bad_names_folders_and_grids(make_product, write_raster):
    with pytest.raises(ConfigError, match=r"'a/b\.gpkg'"):
        Vectoriser(filename='a/b.gpkg')
    with pytest.raises(ConfigError, match=r"'out\.kml'"):
        Vectoriser(filename=['out.shp', 'out.kml'])
    for layer in ('rejected', 'headscarps', 'layer_styles', ''):
        with pytest.raises(ConfigError, match='give it a name'):
            Vectoriser(layer=layer)
    for tolerance in (0, -1, float('nan'), float('inf')):
        with pytest.raises(ConfigError, match='simplify_m'):
            Vectoriser(simplify_m=tolerance)
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

    table = gpd.read_file(product.out_dir / 'landslides.gpkg', layer='landslides')
    # The north-west corner of the scene is the projection's centre.
    left, _, _, top = table.to_crs('EPSG:4326').total_bounds
    assert (left, top) == pytest.approx((142.0, 42.7 - 10 / 111_080), abs=1e-6)


def test_several_formats_at_once(make_product):
    product = make_product(MASK, probability=PROBABILITY)

    product = Vectoriser(filename=['landslides.gpkg', 'web.geojson', 'old.shp'])(product)

    files = product.results['Vectoriser']['files']
    assert files == sorted(path.name for path in product.out_dir.iterdir())
    assert {'landslides.gpkg', 'web.geojson', 'old.shp', 'old_fields.csv'} <= set(files)
    for name in ('web.geojson', 'old.shp'):
        assert gpd.read_file(product.out_dir / name)['id'].tolist() == [1, 2, 3]


def test_simplified_outlines_are_what_is_written_and_measured(make_product):
    stairs = np.triu(np.ones((8, 8)))
    plain = Vectoriser()(make_product(stairs))

    product = Vectoriser(simplify_m=8)(make_product(stairs))

    table = gpd.read_file(product.out_dir / 'landslides.gpkg', layer='landslides')
    assert shapely.get_num_coordinates(table.geometry[0]) < 8
    assert table['perimeter_m'][0] == pytest.approx(table.geometry[0].length)
    assert table['perimeter_m'][0] < plain.landslides['perimeter_m'][0]
    report = product.results['Vectoriser']['simplified']
    assert report['vertices_after'] == shapely.get_num_coordinates(table.geometry[0])
    assert report['area_change'] == pytest.approx(table['area_m2'][0] / 3600 - 1)


def test_overlapping_landslides_are_not_simplified_but_said(make_product):
    product = make_product(MASK)
    twice = product.landslides.geometry.scale(3, 3)
    product = product.replace(landslides=product.landslides.set_geometry(twice))

    product = Vectoriser(simplify_m=5)(product)

    assert 'overlap' in product.warnings[0]
    assert product.results['Vectoriser']['simplified'] is None


def test_a_dem_gives_terrain_and_headscarps(make_product, write_raster):
    # A slope of one in two that falls to the south; no data under the southernmost landslide.
    dem = np.tile(np.float32(np.arange(500, 470, -5))[:, np.newaxis], (1, 6))
    dem[4:] = -9999
    product = make_product(MASK)
    layers = {'dem': write_raster('dem.tif', dem, nodata=-9999)}

    product = Vectoriser()(product.replace(layers=layers))

    path = product.out_dir / 'landslides.gpkg'
    table = gpd.read_file(path, layer='landslides')
    assert list(table.columns) == [*FIELDS, *names(TERRAIN_FIELDS), *REVIEW, 'geometry']
    # Two level pixels in the north, three pixels down the slope, three without elevations.
    assert table['relief_m'][:2].tolist() == [0, 10]
    assert table['dem_coverage'].tolist() == [1, 1, 0]
    assert table.loc[2, ['elev_min_m', 'slope_mean_deg', 'aspect_deg']].isna().all()
    assert table['slope_max_deg'][1] == pytest.approx(26.56, abs=0.01)
    points = gpd.read_file(path, layer='headscarps')
    assert points['landslide_id'].tolist() == [1, 1, 2, 2]
    assert points['elevation_m'].tolist() == [495, 495, 495, 485]
    assert (points.geometry[2].y, points.geometry[3].y) == (4_699_985, 4_699_965)
    assert product.warnings == (
        '1 of 3 landslides has no elevation in the DEM dem.tif; its terrain fields are null',
    )


def test_all_landslide_and_rotated_and_oblong_pixels(make_product):
    turned = Affine.translation(500_000, 4_700_000) @ Affine.rotation(30) @ Affine.scale(4, -9)

    table = Vectoriser()(make_product(np.ones((5, 10)), transform=turned)).landslides

    row = table.iloc[0]
    assert row.area_m2 == pytest.approx(5 * 10 * 36)
    assert (row.length_m, row.width_m) == pytest.approx((45, 40))
    # Rows of 45 m run from 30 degrees west of north, which is the grid's on its central meridian.
    assert row.azimuth_deg == pytest.approx(150, abs=0.01)
    assert row.touches_edge


def test_a_dem_is_judged_before_the_scene_is_mapped(make_product, write_raster):
    product = make_product(MASK)
    high = write_raster('feet.tif', np.full((6, 6), 29_000, np.float32))
    beside = write_raster(
        'beside.tif', np.ones((6, 6), np.float32), transform=Affine(10, 0, 9e5, 0, -10, 47e5)
    )

    Vectoriser().check(EarlyInputs(grid=product.grid, layers={'dem': high}))
    with pytest.raises(GridMismatchError, match='dem'):
        Vectoriser().check(EarlyInputs(grid=product.grid, layers={'dem': beside}))
    Vectoriser().check(EarlyInputs(grid=product.grid))
    warnings = Vectoriser()(product.replace(layers={'dem': high})).warnings
    assert len(warnings) == 1
    assert 'feet.tif' in warnings[0]


@pytest.mark.parametrize('tolerance', [None, 8])
def test_what_a_hook_draws_badly_is_mended_or_left_out_and_said(make_product, tolerance):
    product = make_product(MASK, probability=PROBABILITY)
    product = product.reject(np.array([False, True, False]), 'Analyst', ['a quarry'])
    left, bottom = 500_040, 4_699_980
    bow_tie = shapely.Polygon(
        [(left, bottom), (left + 20, bottom + 20), (left + 20, bottom), (left, bottom + 20)]
    )
    landslides = gpd.GeoDataFrame(
        geometry=[shapely.Polygon(), bow_tie, shapely.force_3d(product.landslides.geometry[1])],
        crs=product.landslides.crs,
    )

    product = Vectoriser(simplify_m=tolerance, filename=['a.gpkg', 'a.fgb', 'a.shp', 'a.geojson'])(
        product.replace(landslides=landslides)
    )

    table = product.landslides
    assert table['id'].tolist() == [1, 2]
    assert table['area_m2'].tolist() == [200, 300]
    assert product.rejected['id'].tolist() == [3]
    assert len(product.warnings) == 1
    assert '1 invalid polygon, mended here, and 1 region without' in product.warnings[0]
    for name in ('a.gpkg', 'a.fgb', 'a.shp', 'a.geojson'):
        found = gpd.read_file(product.out_dir / name, layer=0)
        assert len(found) == 2
        assert found.is_valid.all()
