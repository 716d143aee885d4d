import numpy as np
import pytest
from affine import Affine
from matplotlib.figure import Figure
from pyproj import Transformer
from rasterio.crs import CRS

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.graticule import degrees_text, draw_graticule
from dfpenet_mm.report.figures.map_axes import frame


def drawn(grid, size=(6, 6)):
    axes = Figure(figsize=size).add_axes((0, 0, 1, 1))
    frame(axes, grid)
    draw_graticule(axes, grid)
    return [
        (axis.get_ticklocs().tolist(), [label.get_text() for label in axis.get_ticklabels()])
        for axis in (axes.xaxis, axes.yaxis)
    ]


def value(text):
    number, hemisphere = text.split('° ')
    return float(number) * (-1 if hemisphere in 'WS' else 1)


def test_ticks_of_a_geographic_scene_lie_at_round_degrees():
    grid = RasterGrid(CRS.from_epsg(4326), Affine(1e-3, 0, 141, 0, -1e-3, 43), (100, 200))
    (cols, lons), (rows, lats) = drawn(grid)
    assert lons == ['141.00° E', '141.05° E', '141.10° E', '141.15° E', '141.20° E']
    assert cols == pytest.approx([0, 50, 100, 150, 200])
    assert [value(text) for text in lats] == pytest.approx([43 - row / 1000 for row in rows])


@pytest.mark.parametrize('degrees', [0, 25])
def test_ticks_lie_where_the_projection_puts_them(degrees):
    transform = (
        Affine.translation(560_000, 4_700_000) @ Affine.rotation(degrees) @ Affine.scale(20, -20)
    )
    grid = RasterGrid(CRS.from_epsg(32654), transform, (500, 700))
    (cols, lons), (rows, lats) = drawn(grid)
    to_lon_lat = Transformer.from_crs(32654, 4326, always_xy=True)
    assert len(cols) >= 3
    assert len(rows) >= 3
    for col, text in zip(cols, lons, strict=True):
        lon, _ = to_lon_lat.transform(*(transform @ (col, 500)))
        assert lon == pytest.approx(value(text), abs=1e-6)
    for row, text in zip(rows, lats, strict=True):
        _, lat = to_lon_lat.transform(*(transform @ (0, row)))
        assert lat == pytest.approx(value(text), abs=1e-6)


def test_a_scene_on_its_side_has_latitudes_below():
    transform = Affine.translation(5e5, 4.7e6) @ Affine.rotation(90) @ Affine.scale(20, -20)
    (_, below), (_, beside) = drawn(RasterGrid(CRS.from_epsg(32654), transform, (500, 700)))
    assert all(text.endswith('N') for text in below)
    assert all(text.endswith('E') for text in beside)


def test_the_180th_meridian_is_crossed():
    grid = RasterGrid(CRS.from_epsg(4326), Affine(1e-3, 0, 179.9, 0, -1e-3, 5), (200, 200))
    (cols, lons), _ = drawn(grid)
    assert lons == ['179.90° E', '179.95° E', '180.00°', '179.95° W', '179.90° W']
    assert np.diff(cols) == pytest.approx(50)


def test_a_projection_crosses_the_180th_meridian_too():
    # In zone 60 it lies some 834 km east, at the equator.
    grid = RasterGrid(CRS.from_epsg(32660), Affine(100, 0, 829_000, 0, -100, 5_000), (100, 100))
    (cols, lons), _ = drawn(grid)
    assert lons == ['179.96° E', '179.98° E', '180.00°', '179.98° W', '179.96° W']
    assert np.diff(cols) == pytest.approx(22.3, abs=0.1)


def test_a_sliver_has_no_labels_at_its_short_side():
    grid = RasterGrid(CRS.from_epsg(4326), Affine(1e-3, 0, 141, 0, -1e-3, 43), (2000, 50))
    (cols, _), (rows, _) = drawn(grid, (0.3, 10))
    assert not cols
    assert rows


@pytest.mark.parametrize(
    ('number', 'name', 'digits', 'text'),
    [
        (141.95, 'longitude', 2, '141.95° E'),
        (-0.5, 'longitude', 1, '0.5° W'),
        (0.0, 'latitude', 1, '0.0°'),
        (-12.0, 'latitude', 0, '12° S'),
        (181.0, 'longitude', 0, '179° W'),
        (-180.0, 'longitude', 1, '180.0°'),
    ],
)
def test_degrees_are_said_with_their_hemisphere(number, name, digits, text):
    assert degrees_text(number, name, digits) == text


def test_a_short_side_has_one_label_at_most():
    grid = RasterGrid(CRS.from_epsg(4326), Affine(1e-3, 0, 141, 0, -1e-3, 43), (2000, 100))
    (_, lons), _ = drawn(grid, (0.6, 10))
    assert len(lons) == 1
