import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.longitudes import beside, outline, raster_beside, unbroken
from postproc.masks.burner import PolygonBurner
from postproc.reference.reference_vector import read_landslides

# A landslide of 0.02 by 0.01 degrees across the antimeridian.
JUMPED = shapely.Polygon([(179.99, 0), (-179.99, 0), (-179.99, 0.01), (179.99, 0.01)])
CUT = shapely.MultiPolygon([shapely.box(179.99, 0, 180, 0.01), shapely.box(-180, 0, -179.99, 0.01)])


def column(*shapes, crs='EPSG:4326'):
    return gpd.GeoSeries(list(shapes), crs=crs)


@pytest.mark.parametrize(('crs', 'unit'), [('EPSG:4326', 1), ('EPSG:4807', 400 / 360)])
def test_a_polygon_that_jumps_is_mended(crs, unit):
    """In degrees, and in gons, as the older French ones are."""
    earth, plain, jumped = column(
        shapely.box(-180, -80, 180, 80), shapely.box(-10, 0, 10, 1), JUMPED, crs=crs
    ).scale(unit, unit, origin=(0, 0))

    mended = unbroken(column(earth, plain, jumped, None, crs=crs))

    assert mended[2].bounds == pytest.approx([179.99 * unit, 0, 180.01 * unit, 0.01 * unit])
    assert [mended[0], mended[1], mended[3]] == [earth, plain, None]
    # Wide, but without a jump.
    wide = column(shapely.box(-179, 0, 179, 1), crs=crs).segmentize(10).scale(unit, unit)
    assert unbroken(wide)[0] == wide[0]
    projected = column(shapely.box(-1e6, 0, 1e6, 1), crs='EPSG:32601')
    assert unbroken(projected) is projected


def test_polygons_are_turned_beside_the_scene():
    shapes = np.array([shapely.box(-180, 0, -179, 1), shapely.box(179, 0, 180, 1)])

    assert shapely.bounds(beside(shapes, 360, 180.0))[:, 0].tolist() == [180, 179]
    assert shapely.bounds(beside(shapes, 360, -179.9))[:, 0].tolist() == [-180, -181]
    assert len(beside(shapes[:0], 360, 0.0)) == 0
    assert beside(np.array([shapely.Polygon()]), 360, 180.0)[0].is_empty


@pytest.mark.parametrize('shape', [JUMPED, CUT])
@pytest.mark.parametrize('epsg', [4326, 32660, 32601])
def test_it_is_one_landslide_where_the_scene_is(tmp_path, shape, epsg):
    path = tmp_path / 'reference.gpkg'
    column(shape).to_file(path)
    crs = CRS.from_epsg(epsg)

    found = read_landslides(path, crs, center_x=180.0)

    landslides = found.table
    assert (len(landslides), found.ignored) == (1, 0)
    if epsg != 4326:
        assert landslides.area.iloc[0] == pytest.approx(2226.4 * 1105.7, rel=3e-3)
        return
    grid = RasterGrid(crs, Affine(0.001, 0, 179.98, 0, -0.001, 0.02), (40, 40))
    inside = PolygonBurner(landslides.geometry.to_numpy(), grid.transform)
    assert inside.inside(Window(0, 0, 40, 40)).sum() == 200


DEGREES, UTM60 = CRS.from_epsg(4326), CRS.from_epsg(32760)
SCENES = {
    'runs on': RasterGrid(DEGREES, Affine(2e-3, 0, 179.9, 0, -2e-3, -16.5), (20, 100)),
    'from below': RasterGrid(DEGREES, Affine(2e-3, 0, -180.1, 0, -2e-3, -16.5), (20, 100)),
    'projected': RasterGrid(UTM60, Affine(200, 0, 810_000, 0, -200, 8_173_000), (20, 100)),
}


@pytest.fixture
def write_longitudes(tmp_path):
    """Write a raster of 0.01 degrees that holds its longitudes, 0 to 360."""

    def write(west, cols, nodata=None):
        transform = Affine(0.01, 0, west, 0, -0.01, -15.5)
        values = np.tile((west + (np.arange(cols) + 0.5) * 0.01) % 360, (200, 1))
        profile = {'height': 200, 'width': cols, 'count': 1, 'dtype': 'float32', 'nodata': nodata}
        path = tmp_path / 'longitudes.tif'
        with rasterio.open(
            path, 'w', driver='GTiff', crs=DEGREES, transform=transform, **profile
        ) as target:
            target.write(values.astype(np.float32), 1)
        return path

    return write


@pytest.mark.parametrize('scene', SCENES)
@pytest.mark.parametrize(
    ('extent', 'covered'),
    [
        ((-180, 36_000), 1),
        ((0, 36_000), 1),
        ((-180.005, 36_001), 1),  # a grid of nodes, with both ends
        ((179, 200), 1),
        ((-181, 200), 1),
        ((-180, 100), 0.5),
        ((179, 100), 0.5),
    ],
)
@pytest.mark.parametrize('nodata', [None, -9999])
def test_a_raster_lies_where_the_scene_does(write_longitudes, scene, extent, covered, nodata):
    grid = SCENES[scene]
    rows, columns = grid.shape
    x, y = grid.transform @ (np.arange(columns) + 0.5, np.full(columns, 10.5))
    there = pyproj.Transformer.from_crs(grid.crs.to_wkt(), 4326, always_xy=True)
    wanted = np.asarray(there.transform(x, y)[0]) % 360
    place = {'crs': grid.crs, 'transform': grid.transform, 'width': columns, 'height': rows}
    how = {'add_alpha': True} if nodata is None else {}

    with (
        rasterio.open(write_longitudes(*extent, nodata)) as source,
        raster_beside(source, grid) as turned,
        WarpedVRT(turned, **place, resampling=Resampling.bilinear, **how) as warped,
    ):
        known = warped.read(warped.count if nodata is None else 1) != (nodata or 0)
        values = warped.read(1)
        assert turned.width < 400 or turned is source

    assert known.mean() == pytest.approx(covered, abs=0.02)
    # Where it ends, half of a pixel has no second neighbour.
    off = np.abs(values[10] - wanted)[known[10]]
    assert off.max() < (0.006 if covered < 1 else 2e-5)
    assert np.median(off) < 2e-5


def test_far_from_the_line_a_raster_stays_as_it_is(write_longitudes):
    grid = RasterGrid(DEGREES, Affine(1e-3, 0, 10, 0, -1e-3, -16), (10, 10))
    with rasterio.open(write_longitudes(9, 300)) as source, raster_beside(source, grid) as same:
        assert same is source
    with rasterio.open(write_longitudes(20, 300)) as source, raster_beside(source, grid) as same:
        assert same is source


def test_bands_of_a_turned_raster_keep_what_they_are(tmp_path):
    path = tmp_path / 'a.tif'
    profile = {'height': 4, 'width': 4, 'count': 4, 'dtype': 'int16', 'crs': DEGREES}
    with rasterio.open(
        path, 'w', driver='GTiff', transform=Affine(0.1, 0, -180, 0, -0.1, 1), **profile
    ) as target:
        target.write(np.arange(64, dtype=np.int16).reshape(4, 4, 4))
        target.colorinterp = [ColorInterp[name] for name in ('red', 'green', 'blue', 'alpha')]
        target.scales, target.offsets = (0.5,) * 4, (3.0,) * 4
        target.units = ('m',) * 4
    grid = RasterGrid(DEGREES, Affine(0.1, 0, 180, 0, -0.1, 1), (4, 4))

    with rasterio.open(path) as source, raster_beside(source, grid) as turned:
        col = round((180 - turned.bounds.left) / 0.1)
        np.testing.assert_array_equal(turned.read()[:, :, col : col + 4], source.read())
        for name in ('dtypes', 'colorinterp', 'scales', 'offsets', 'units', 'nodatavals'):
            assert getattr(turned, name) == getattr(source, name)
        assert not turned.read(4)[:, :col].any()


def test_grids_a_turn_apart_are_the_same_ground():
    one = RasterGrid(DEGREES, Affine(1e-3, 0, 179.99, 0, -1e-3, 1), (20, 20))
    other = RasterGrid(DEGREES, Affine(1e-3, 0, -180.01, 0, -1e-3, 1), (20, 20))
    assert one.matches(other)
    assert not one.matches(RasterGrid(DEGREES, Affine(1e-3, 0, 0, 0, -1e-3, 1), (20, 20)))

    drawn = outline(other, one)

    assert drawn.bounds == pytest.approx((0, 0, 20, 20))
    half = RasterGrid(DEGREES, Affine(1e-3, 0, -180, 0, -1e-3, 1), (20, 20))
    assert outline(half, one).bounds == pytest.approx((10, 0, 30, 20))
    assert outline(one, half).bounds == pytest.approx((-10, 0, 10, 20))
    earth = RasterGrid(DEGREES, Affine(1, 0, -180, 0, -1, 90), (180, 360))
    assert outline(half, earth).intersects(shapely.box(0, 0, 360, 180))
