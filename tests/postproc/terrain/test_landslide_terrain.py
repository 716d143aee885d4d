import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

import postproc.terrain.dem_tiles
from dfpenet_mm.errors import GridMismatchError, InputFileError, OutputError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from postproc.inventory.fields import TERRAIN_FIELDS, names
from postproc.terrain.dem import check_dem, doubt_elevations
from postproc.terrain.landslide_terrain import (
    mean_direction,
    terrain_attributes,
)

UTM = CRS.from_epsg(32654)
# The scene has pixels of 5 m inside of the 10 m DEM of 800 m x 600 m.
SCENE = RasterGrid(UTM, Affine(5, 0, 500_100, 0, -5, 4_699_900), (80, 100))
LEFT, TOP = 500_100, 4_699_900
COLUMNS = (
    *names(TERRAIN_FIELDS),
    *('headscarp_x', 'headscarp_y', 'headscarp_m', 'toe_x', 'toe_y', 'toe_m'),
)


def table(*boxes, crs=UTM):
    """Landslides of (left, top, right, bottom) in metres right of and below the corner."""
    geometry = [shapely.box(LEFT + a, TOP - d, LEFT + c, TOP - b) for a, b, c, d in boxes]
    return gpd.GeoDataFrame(geometry=geometry, crs=crs, index=range(7, 7 + len(boxes)))


def plane(x, y):
    """300 m at the scene's corner, one metre down for two to the east."""
    return 300 - (x - LEFT) / 2 + 0 * y


def test_a_slide_on_a_plane(write_dem):
    found = terrain_attributes(
        table((50, 50, 150, 70), (100, 200, 105, 205)), SCENE, write_dem(plane)
    )

    assert tuple(found.columns) == COLUMNS
    assert list(found.index) == [7, 8]
    slide = found.loc[7]
    # Pixel centres from 52.5 to 147.5 m east of the corner.
    assert slide['elev_max_m'] == slide['headscarp_m'] == pytest.approx(273.75)
    assert slide['elev_min_m'] == slide['toe_m'] == pytest.approx(226.25)
    assert slide['relief_m'] == pytest.approx(47.5)
    assert slide['headscarp_x'] == LEFT + 52.5
    assert slide['toe_x'] == LEFT + 147.5
    assert TOP - 70 < slide['toe_y'] < TOP - 50
    # Map units of the zone's middle are 0.9996 of a metre.
    steep = np.degrees(np.arctan(0.5 * 0.9996))
    assert slide[['slope_mean_deg', 'slope_max_deg']].tolist() == pytest.approx([steep] * 2, 1e-5)
    assert slide['aspect_deg'] == pytest.approx(90, abs=0.01)
    run = np.hypot(95, slide['headscarp_y'] - slide['toe_y']) / 0.9996
    assert slide['travel_angle_deg'] == pytest.approx(np.degrees(np.arctan(47.5 / run)), abs=1e-4)
    assert slide['dem_coverage'] == 1
    # One pixel: no way from headscarp to toe.
    assert found.loc[8, 'relief_m'] == 0
    assert np.isnan(found.loc[8, 'travel_angle_deg'])


@pytest.mark.parametrize('azimuth', [0, 37, 90, 180, 270])
def test_aspect_is_the_way_down(write_dem, azimuth):
    angle = np.radians(azimuth)

    def surface(x, y):
        return 300 - ((x - LEFT) * np.sin(angle) + (y - TOP) * np.cos(angle)) / 3

    found = terrain_attributes(table((50, 50, 150, 150)), SCENE, write_dem(surface))

    # Directions are from true north, which grid north is within 0.01 degrees here.
    assert (found['aspect_deg'].item() - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=0.01)


def test_aspect_is_from_true_north_off_the_middle_of_a_zone(write_dem):
    shift = Affine.translation(250_000, 0)
    scene = RasterGrid(UTM, shift @ SCENE.transform, SCENE.shape)
    dem = write_dem(
        lambda x, y: (y - TOP) / 4 + 0 * x + 300,
        transform=shift @ Affine(10, 0, 500_000, 0, -10, 4_700_000),
    )
    slides = table((50, 50, 150, 150)).translate(250_000).to_frame('geometry')

    found = terrain_attributes(slides, scene, dem)

    to_lon_lat = pyproj.Transformer.from_crs(32654, 4326, always_xy=True)
    x, y = LEFT + 250_100, TOP - 100
    start, end = to_lon_lat.transform(x, y), to_lon_lat.transform(x, y - 10)
    true_south = pyproj.Geod(ellps='WGS84').inv(*start, *end)[0] % 360
    assert abs(true_south - 180) > 1.5
    assert found['aspect_deg'].item() == pytest.approx(true_south, abs=0.01)


def test_a_cone_has_no_direction_but_one_slope(write_dem):
    x0, y0 = LEFT + 250, TOP - 200

    def cone(x, y):
        return 800 - np.hypot(x - x0, y - y0) * np.tan(np.radians(30))

    ring = shapely.Point(x0, y0).buffer(150) - shapely.Point(x0, y0).buffer(60)
    halves = [ring, ring & shapely.box(x0, 0, x0 + 999, 1e7)]
    slides = gpd.GeoDataFrame(geometry=halves[:1], crs=UTM)
    east = gpd.GeoDataFrame(geometry=halves[1:], crs=UTM)
    dem = write_dem(cone)

    assert terrain_attributes(slides, SCENE, dem)['slope_mean_deg'].item() == pytest.approx(
        30, abs=0.1
    )
    found = terrain_attributes(east, SCENE, dem)
    assert found['aspect_deg'].item() == pytest.approx(90, abs=0.5)
    assert found['relief_m'].item() == pytest.approx(90 * np.tan(np.radians(30)), abs=3)


def test_a_dem_in_degrees_gives_what_one_in_metres_gives(write_dem):
    """A hill in UTM, sampled on a geographic grid whose cells are not square on the ground."""

    def hill(x, y):
        return 500 - (x - LEFT) / 3 + (y - TOP) / 5 + 20 * np.sin((x - LEFT) / 80)

    to_utm = pyproj.Transformer.from_crs(4326, 32654, always_xy=True)

    def in_degrees(lon, lat):
        return hill(*to_utm.transform(lon, lat))

    degrees = write_dem(
        in_degrees,
        shape=(80, 90),
        crs='EPSG:4326',
        name='degrees.tif',
        transform=Affine(1e-4, 0, 140.9995, 0, -1e-4, 42.4525),
    )
    metres = write_dem(hill)
    slides = table((60, 60, 160, 160), (250, 100, 400, 300))

    found, wanted = (terrain_attributes(slides, SCENE, dem) for dem in (degrees, metres))

    np.testing.assert_allclose(found['dem_coverage'], 1)
    np.testing.assert_allclose(found['elev_max_m'], wanted['elev_max_m'], atol=0.3)
    np.testing.assert_allclose(found['slope_mean_deg'], wanted['slope_mean_deg'], atol=0.15)
    np.testing.assert_allclose(found['aspect_deg'], wanted['aspect_deg'], atol=0.5)


@given(
    turn=st.sampled_from([0, 30, 200]),
    south_up=st.booleans(),
    tile=st.sampled_from([16, 512]),
)
def test_the_scenes_and_the_dems_orientation_do_not_matter(turn, south_up, tile, tmp_path_factory):
    folder = tmp_path_factory.mktemp('dem')
    transform = (
        Affine.translation(500_300, 4_699_700)
        @ Affine.rotation(turn)
        @ Affine.scale(8, 6 if south_up else -6)
        @ Affine.translation(-60, -75)
    )
    row, col = np.indices((150, 120)) + 0.5
    x, y = transform @ (col, row)
    with rasterio.open(
        folder / 'dem.tif',
        'w',
        driver='GTiff',
        height=150,
        width=120,
        count=1,
        dtype='float64',
        crs=UTM,
        transform=transform,
    ) as dataset:
        dataset.write(300 - (x - LEFT) / 4 + (y - TOP) / 3, 1)
    scene = RasterGrid(UTM, Affine(5, 0, LEFT, 0, 5, TOP - 400), (80, 100))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postproc.terrain.dem_tiles, 'TILE', tile)

        found = terrain_attributes(table((150, 150, 250, 230)), scene, folder / 'dem.tif')

    assert found['dem_coverage'].item() == 1
    assert found['slope_mean_deg'].item() == pytest.approx(
        np.degrees(np.arctan(0.9996 * 5 / 12)), abs=1e-3
    )
    # Down to the east and the south.
    assert found['aspect_deg'].item() == pytest.approx(180 - np.degrees(np.arctan(3 / 4)), abs=0.02)
    assert found[['headscarp_x', 'toe_x']].iloc[0].tolist() == [LEFT + 152.5, LEFT + 247.5]


def test_what_the_dem_does_not_cover_is_null(write_dem):
    dem = plane(*(Affine(10, 0, 500_000, 0, -10, 4_700_000) @ (np.indices((60, 80))[::-1] + 0.5)))
    dem[:, 25:] = np.nan  # from 150 m right of the scene's corner
    slides = table((50, 50, 100, 100), (140, 50, 160, 100), (300, 50, 350, 100))

    found = terrain_attributes(slides, SCENE, write_dem(dem))

    assert found['dem_coverage'].tolist() == [1, 0.5, 0]
    others = found.drop(columns='dem_coverage')
    assert others.notna().loc[7].all()
    assert others.isna().loc[9].all()
    assert found.loc[8, 'elev_min_m'] == pytest.approx(300 - 147.5 / 2, abs=1.3)
    # A slope wants all neighbours.
    assert np.isnan(found.loc[8, 'slope_mean_deg'])


@pytest.mark.parametrize('west', [179.98, -180.02, -180, 0])
@pytest.mark.parametrize('epsg', [32601, 4326])
def test_a_dem_goes_on_across_the_antimeridian(write_dem, epsg, west):
    """One that runs on, one of the other turn, and two of all the earth's pixels."""
    crs = CRS.from_epsg(32601)
    x0, y0 = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(-180, 17)
    scene = RasterGrid(crs, Affine(10, 0, x0 - 500, 0, -10, y0 + 500), (100, 100))
    lefts = np.array([-400, -100, 200])
    slides = gpd.GeoDataFrame(
        geometry=shapely.box(x0 + lefts, y0 - 100, x0 + lefts + 200, y0 + 100), crs=crs
    )
    if epsg == 4326:
        crs = CRS.from_epsg(4326)
        scene = RasterGrid(crs, Affine(1e-4, 0, 179.995, 0, -1e-4, 17.005), (100, 100))
        lefts = 180 + lefts * 1e-5
        slides = gpd.GeoDataFrame(
            geometry=shapely.box(lefts, 16.999, lefts + 2e-3, 17.001), crs=4326
        )
    side, cols = (0.01, 36_000) if west in (0, -180) else (1e-4, 400)
    dem = write_dem(
        lambda lon, _: (lon % 360 - 179) * 1000,
        shape=(20, cols) if side == 0.01 else (200, cols),
        crs='EPSG:4326',
        transform=Affine(side, 0, west, 0, -side, 17.1 if side == 0.01 else 17.01),
    )

    found = terrain_attributes(slides, scene, dem)

    assert found['dem_coverage'].tolist() == [1, 1, 1]
    middles = found[['elev_min_m', 'elev_max_m']].mean(axis=1)
    east = shapely.get_x(slides.centroid.to_crs(4326)) % 360 if epsg != 4326 else lefts + 1e-3
    np.testing.assert_allclose(middles, (east - 179) * 1000, atol=0.1)
    # The slope of 1 m in 0.001 degrees, across the line too.
    slope = np.degrees(np.arctan(1 / (1e-3 * 111_320 * np.cos(np.radians(17)))))
    np.testing.assert_allclose(found['slope_mean_deg'], slope, rtol=0.01)
    np.testing.assert_allclose(found['aspect_deg'], 270, atol=1)


def test_no_landslide_gives_an_empty_table(write_dem):
    found = terrain_attributes(table(), SCENE, write_dem(plane))

    assert tuple(found.columns) == COLUMNS
    assert len(found) == 0


def test_whole_metres_scales_and_offsets(write_dem):
    path = write_dem(lambda x, y: plane(x, y) * 10 - 1000, dtype='int16', nodata=-32768)
    with rasterio.open(path, 'r+') as dataset:
        dataset.scales, dataset.offsets = (0.1,), (100.0,)

    found = terrain_attributes(table((50, 50, 150, 70)), SCENE, path)

    assert found['elev_max_m'].item() == pytest.approx(273.75, abs=0.1)
    assert found['slope_mean_deg'].item() == pytest.approx(26.56, abs=0.01)


def test_only_tiles_with_landslides_are_computed(write_dem, monkeypatch):
    monkeypatch.setattr(postproc.terrain.dem_tiles, 'TILE', 16)
    seen = []
    derived = postproc.terrain.dem_tiles._derived

    def counted(source, grid, window, names):
        seen.append((window.row_off, window.col_off))
        return derived(source, grid, window, names)

    monkeypatch.setattr(postproc.terrain.dem_tiles, '_derived', counted)
    # Cells (10, 15) to (15, 20) of the DEM; with their reach also those of the next tiles.
    terrain_attributes(table((50, 0, 100, 50)), SCENE, write_dem(plane))

    assert seen == [(0, 0), (0, 16), (16, 0), (16, 16)]


@pytest.mark.parametrize(
    ('profile', 'error', 'sentence'),
    [
        ({'count': 2}, RasterFormatError, '2 bands; wanted is a raster of one band'),
        ({'crs': None}, RasterFormatError, 'has no CRS'),
        ({'crs': 'EPSG:32610'}, GridMismatchError, 'lies beside the scene'),
        ({'transform': Affine(10, 0, 510_000, 0, -10, 4_700_000)}, GridMismatchError, 'beside'),
    ],
)
def test_a_dem_that_cannot_serve_is_refused(write_dem, profile, error, sentence):
    dem = write_dem(lambda x, y: x * 0 + y * 0, **profile)

    with pytest.raises(error, match=sentence):
        terrain_attributes(table((50, 50, 100, 100)), SCENE, dem)


@pytest.mark.parametrize('unit', ['cm', 'km', 'fathom'])
def test_units_other_than_metres_and_feet_are_refused(write_dem, unit):
    dem = write_dem(plane)
    with rasterio.open(dem, 'r+') as dataset:
        dataset.units = [unit]

    with pytest.raises(RasterFormatError, match=f"elevations in '{unit}'; wanted are metres or"):
        check_dem(dem, SCENE)
    check_dem(write_dem(plane, crs='EPSG:32654+5773'), SCENE)
    with pytest.raises(InputFileError, match='does not exist'):
        check_dem(dem.with_name('none.tif'), SCENE)


FOOT, SURVEY_FOOT = 0.3048, 1200 / 3937


@pytest.mark.parametrize(
    ('unit', 'crs', 'metres'),
    [
        ('ft', 'EPSG:32654', FOOT),
        ('US survey foot', 'EPSG:32654', SURVEY_FOOT),
        ('', 'EPSG:32654+6360', SURVEY_FOOT),
        ('m', 'EPSG:32654', 1.0),
    ],
)
def test_declared_feet_become_metres(write_dem, unit, crs, metres):
    # A slope of 30 degrees to the north, 600 m of it under the scene.
    tilt = np.tan(np.radians(30))
    dem = write_dem(lambda x, y: (100 + (y - 4_699_400) * tilt + 0 * x) / metres, crs=crs)
    if unit:
        with rasterio.open(dem, 'r+') as dataset:
            dataset.units = [unit]

    found = terrain_attributes(table((50, 50, 100, 100)), SCENE, dem).iloc[0]

    assert found['slope_mean_deg'] == pytest.approx(30, abs=0.1)
    assert found['relief_m'] == pytest.approx(45 * tilt, rel=0.001)
    assert found['elev_max_m'] < 500
    assert doubt_elevations(dem) is None


def test_a_grid_in_feet_without_a_vertical_unit_is_doubted(write_dem):
    place = Affine(32.8, 0, 6_300_000, 0, -32.8, 1_900_000)
    dem = write_dem(np.full((20, 20), 300.0), crs='EPSG:2230', transform=place)

    assert 'on a grid in feet (US survey foot)' in doubt_elevations(dem)
    with rasterio.open(dem, 'r+') as dataset:
        dataset.units = ['m']
    assert doubt_elevations(dem) is None


@pytest.mark.parametrize('fill', [1e308, -3.4028234663852886e38, 1e20])
def test_an_undeclared_fill_value_of_a_dem_is_refused(write_dem, fill):
    dem = np.full((60, 80), 100.0)
    dem[:20, :20] = fill

    with pytest.raises(RasterFormatError, match=r'no elevation and not declared as nodata'):
        check_dem(write_dem(dem), SCENE)
    check_dem(write_dem(dem, nodata=fill), SCENE)


@pytest.mark.parametrize(
    ('value', 'sure'), [(8848, True), (-430, True), (-9999, False), (29_000, False)]
)
def test_elevations_beyond_the_earths_are_doubted(write_dem, value, sure):
    dem = np.full((5, 5), 100.0)
    dem[2, 2], dem[1, 1] = value, np.nan

    doubt = doubt_elevations(write_dem(dem))

    assert (doubt is None) is sure
    assert sure or f'{value:g}' in doubt


def test_a_full_disk_is_said_in_one_sentence(write_dem, tmp_path, full_disk):
    dem = write_dem(plane)

    with full_disk(10_000), pytest.raises(OutputError, match='cannot be written'):
        terrain_attributes(table((50, 50, 100, 100)), SCENE, dem, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['dem.tif']


def test_a_mean_direction_goes_round_north():
    angles = np.radians([[350.0, 10.0], [90, 270], [355, 345]])
    east, north = np.sin(angles).mean(axis=1), np.cos(angles).mean(axis=1)

    found = mean_direction(east, north)

    np.testing.assert_allclose([found[0] % 360, found[2]], [0, 350], atol=1e-6)
    assert np.isnan(found[1])
