import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.masks.burner import PolygonBurner
from postproc.reference.antimeridian import beside, unbroken
from postproc.reference.reference_vector import read_polygons

# A landslide of 0.02 by 0.01 degrees across the antimeridian.
JUMPED = shapely.Polygon([(179.99, 0), (-179.99, 0), (-179.99, 0.01), (179.99, 0.01)])
CUT = shapely.MultiPolygon([shapely.box(179.99, 0, 180, 0.01), shapely.box(-180, 0, -179.99, 0.01)])


def table(*shapes, crs='EPSG:4326'):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


def test_a_polygon_that_jumps_is_mended():
    whole = table(shapely.box(-180, -80, 180, 80), shapely.box(-10, 0, 10, 1), JUMPED)

    mended = unbroken(whole).geometry

    assert mended[2].bounds == (179.99, 0, 180.01, 0.01)
    assert mended[:2].geom_equals(whole.geometry[:2]).all()
    projected = table(shapely.box(-1e6, 0, 1e6, 1), crs='EPSG:32601')
    assert unbroken(projected) is projected


def test_polygons_are_turned_beside_the_scene():
    shapes = np.array([shapely.box(-180, 0, -179, 1), shapely.box(179, 0, 180, 1)])

    assert shapely.bounds(beside(shapes, 180.0))[:, 0].tolist() == [180, 179]
    assert shapely.bounds(beside(shapes, -179.9))[:, 0].tolist() == [-180, -181]
    assert shapely.bounds(beside(shapes, None))[:, 0].tolist() == [-180, -181]
    assert len(beside(shapes[:0], 0.0)) == 0


@pytest.mark.parametrize('shape', [JUMPED, CUT])
@pytest.mark.parametrize('epsg', [4326, 32660, 32601])
def test_it_is_one_landslide_where_the_scene_is(tmp_path, shape, epsg):
    path = tmp_path / 'reference.gpkg'
    table(shape).to_file(path)
    crs = CRS.from_epsg(epsg)

    landslides, ignored = read_polygons(path, crs, center_x=180.0)

    assert (len(landslides), ignored) == (1, 0)
    if epsg != 4326:
        assert landslides.area.iloc[0] == pytest.approx(2226.4 * 1105.7, rel=3e-3)
        return
    grid = RasterGrid(crs, Affine(0.001, 0, 179.98, 0, -0.001, 0.02), (40, 40))
    inside = PolygonBurner(landslides.geometry.to_numpy(), grid.transform)
    assert inside.inside(Window(0, 0, 40, 40)).sum() == 200
