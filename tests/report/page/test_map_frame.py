import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from shapely.geometry import Point

from dfpenet_mm.report.page.map_frame import NODES, MapFrame
from tests.report.page.generated_run import COLS, GSD, ROWS, UPRIGHT, grid_of, landslides

# Turned by 30 degrees, with oblong pixels: of a square pixel's matrix, rows could be columns.
TURNED = UPRIGHT @ Affine.rotation(30) @ Affine.scale(1, 2)
DEGREES = Affine(0.0002, 0, 142.0, 0, -0.0001, 42.7)


def test_an_upright_scene_has_its_pixels_as_metres():
    frame = MapFrame(grid_of())
    assert frame.step == (GSD, GSD)
    assert frame.size == (COLS * GSD, ROWS * GSD)


def test_step_of_degrees_is_metres_on_the_ground():
    frame = MapFrame(grid_of(DEGREES, 'EPSG:4326'))
    lon, lat = frame.grid.center
    geod = pyproj.Geod(ellps='WGS84')
    _, _, across = geod.inv(lon, lat, lon + 0.0002, lat)
    assert frame.step[0] == pytest.approx(across, rel=1e-6)
    assert frame.step[0] / frame.step[1] == pytest.approx(2 * np.cos(np.radians(42.7)), rel=0.01)


@pytest.mark.parametrize('transform', [UPRIGHT, TURNED], ids=['upright', 'turned'])
def test_outlines_come_back_as_pixels(transform):
    table = landslides(transform)
    pixels = MapFrame(grid_of(transform)).pixels(table.geometry)
    assert pixels[5].bounds == pytest.approx((46, 34, 55, 43), abs=1e-6)


def test_outlines_of_another_crs_are_moved():
    table = landslides().to_crs('EPSG:4326')
    pixels = MapFrame(grid_of()).pixels(table.geometry)
    assert pixels[5].bounds == pytest.approx((46, 34, 55, 43), abs=1e-3)


@pytest.mark.parametrize(
    ('transform', 'crs', 'degrees'),
    [
        (UPRIGHT, 'EPSG:32654', 0),
        # Rows and columns turned clockwise on the ground: north leans to the left of the top.
        (UPRIGHT @ Affine.rotation(30), 'EPSG:32654', -30),
        (UPRIGHT @ Affine.rotation(-90), 'EPSG:32654', 90),
        (DEGREES, 'EPSG:4326', 0),
        # South up.
        (Affine(10, 0, 500_000, 0, 10, 4_700_000), 'EPSG:32654', 180),
    ],
)
def test_north_arrow_points_north(transform, crs, degrees):
    assert abs(MapFrame(grid_of(transform, crs)).north_deg) == pytest.approx(abs(degrees), abs=0.02)
    if degrees not in (0, 180):
        assert MapFrame(grid_of(transform, crs)).north_deg == pytest.approx(degrees, abs=0.02)


def test_grid_north_is_not_true_north_far_from_the_meridian():
    west = MapFrame(grid_of(UPRIGHT @ Affine.translation(-30_000, 0)))
    # Convergence of UTM at 3.66 degrees west of its meridian: sin(lat) times that.
    lon, lat = pyproj.Transformer.from_crs(32654, 4326, always_xy=True).transform(*west.grid.center)
    convergence = np.degrees(np.arctan(np.tan(np.radians(lon - 141)) * np.sin(np.radians(lat))))
    assert west.north_deg == pytest.approx(-convergence, abs=0.05)


def interpolated(degrees, across, down):
    """Bilinear between the nodes, as the page's script does it."""
    values = np.array([degrees['lon'], degrees['lat']]).reshape(2, NODES, NODES)
    j, i = min(int(down), NODES - 2), min(int(across), NODES - 2)
    u, v = across - i, down - j
    top = values[:, j, i] * (1 - u) + values[:, j, i + 1] * u
    bottom = values[:, j + 1, i] * (1 - u) + values[:, j + 1, i + 1] * u
    return top * (1 - v) + bottom * v


def test_degrees_between_the_nodes_are_right_to_a_metre_over_100_km():
    grid = grid_of(Affine(100, 0, 350_000, 0, -100, 4_750_000), shape=(1000, 1000))
    frame = MapFrame(grid)
    to_degrees = pyproj.Transformer.from_crs(32654, 4326, always_xy=True)
    degrees = frame.as_dict()['degrees']
    geod = pyproj.Geod(ellps='WGS84')
    for col, row in [(31, 31), (500, 969), (999, 1), (281.25, 718.75)]:
        found = interpolated(degrees, col / 1000 * (NODES - 1), row / 1000 * (NODES - 1))
        true = to_degrees.transform(*(grid.transform @ (col, row)))
        assert geod.inv(*found, *true)[2] < 2


def test_longitudes_go_on_across_the_antimeridian():
    grid = grid_of(Affine(10_000, 0, 100_000, 0, -10_000, 6_000_000), 'EPSG:3832', (40, 60))
    lons = MapFrame(grid).as_dict()['degrees']['lon'][:NODES]
    crossing = grid_of(Affine(0.01, 0, 179.5, 0, -0.01, 10), 'EPSG:4326', (50, 100))
    assert np.diff(lons).max() < 10
    rows = np.reshape(MapFrame(crossing).as_dict()['degrees']['lon'], (NODES, NODES))
    assert np.allclose(np.diff(rows, axis=1), 1 / (NODES - 1), atol=1e-6)


def test_points_are_no_special_case():
    # x and y are independent of each other in an upright scene.
    series = landslides().geometry.head(1)
    series.iloc[0] = Point(500_000 + 25, 4_700_000 - 35)
    (point,) = MapFrame(grid_of()).pixels(series)
    assert (point.x, point.y) == pytest.approx((2.5, 3.5))


def test_as_dict_tells_the_crs():
    told = MapFrame(grid_of()).as_dict()
    assert (told['crs'], told['geographic']) == ('EPSG:32654', False)
    assert told['transform'] == list(UPRIGHT)[:6]
    assert rasterio.crs.CRS.from_string(told['crs']) == grid_of().crs
