"""Inventories as they come out of a GIS: other CRS, bow ties, points, layers."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window

from dfpenet_mm.errors import InputFileError, VectorFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import read_polygons
from dfpenet_mm.preparation.chips.chip_report import FeatureCounts, count_features
from dfpenet_mm.preparation.chips.inventory_mask import InventoryMask
from tests.preparation.chips.chip_world import NORTH, SIDE, UTM54, WEST, pixel_box, write_inventory

CRS54 = CRS.from_string(UTM54)
GRID = RasterGrid(CRS54, from_origin(WEST, NORTH, SIDE, SIDE), (6, 6))
EVERYWHERE = Window(0, 0, 6, 6)


def read_inventory(path, layer=None):
    return read_polygons(path, 'inventory', layer)


def burn(inventory, valid=None, **options):
    mask = InventoryMask(inventory.in_crs(CRS54), GRID, **options)
    return mask.labels(EVERYWHERE, np.ones((6, 6), bool) if valid is None else valid)


@pytest.mark.parametrize('name', ['a.gpkg', 'a.shp', 'a.geojson'])
def test_pixels_of_a_polygon_are_labelled(tmp_path, name):
    crs = 'EPSG:4326' if name.endswith('json') else UTM54
    boxes = gpd.GeoSeries([pixel_box(1, 2, 2, 3)], crs=UTM54).to_crs(crs)
    inventory = read_inventory(write_inventory(tmp_path / name, boxes, crs))
    wanted = np.zeros((6, 6), np.uint8)
    wanted[1:3, 2:5] = 1
    np.testing.assert_array_equal(burn(inventory), wanted)
    assert (inventory.features, inventory.mended, inventory.ignored) == (1, 0, 0)


def test_windows_burn_as_the_whole_does(tmp_path):
    rng = np.random.default_rng(0)
    points = rng.uniform((WEST, NORTH - 60), (WEST + 60, NORTH), (12, 3, 2))
    inventory = read_inventory(write_inventory(tmp_path / 'a.gpkg', shapely.polygons(points)))
    mask = InventoryMask(inventory.in_crs(CRS54), GRID)
    whole, tile = mask.labels(EVERYWHERE, np.ones((6, 6), bool)), np.ones((3, 2), bool)
    parts = [[mask.labels(Window(c, r, 2, 3), tile) for c in (0, 2, 4)] for r in (0, 3)]
    np.testing.assert_array_equal(np.block(parts), whole)
    assert 0 < whole.sum() < 36


def test_nodata_is_ignored(tmp_path):
    inventory = read_inventory(write_inventory(tmp_path / 'a.gpkg', [pixel_box(0, 0, 6, 6)]))
    valid = np.eye(6, dtype=bool)
    np.testing.assert_array_equal(burn(inventory, valid), np.where(valid, 1, 255))


def test_polygon_smaller_than_a_pixel(tmp_path):
    sliver = shapely.box(WEST + 1, NORTH - 3, WEST + 3, NORTH - 1)
    inventory = read_inventory(write_inventory(tmp_path / 'a.gpkg', [sliver]))
    assert burn(inventory).sum() == 0
    assert burn(inventory, all_touched=True).sum() == 1


def test_fate_of_every_feature(tmp_path):
    """Beside the scene, beyond it, a sliver, one hidden below another, and one of two parts."""
    sliver = shapely.box(WEST + 1, NORTH - 3, WEST + 3, NORTH - 1)
    parts = shapely.MultiPolygon([sliver, pixel_box(2, 2, 1, 1)])
    features = [
        pixel_box(0, 6, 2, 2),
        pixel_box(0, 900, 2, 2),
        shapely.MultiPolygon([sliver, pixel_box(0, 50, 2, 2)]),
        pixel_box(3, 3, 1, 1),
        pixel_box(0, 0, 20, 20),
        parts,
        shapely.Point(WEST, NORTH),
    ]
    inventory = read_inventory(write_inventory(tmp_path / 'a.gpkg', features))
    polygons = inventory.in_crs(CRS54)
    counts = [
        count_features(inventory, [InventoryMask(polygons, GRID, all_touched=touched).fates()])
        for touched in (False, True)
    ]
    assert counts[0] == FeatureCounts(features=7, mended=0, ignored=1, outside=2, unburnt=1)
    assert counts[1] == FeatureCounts(features=7, mended=0, ignored=1, outside=2, unburnt=0)
    assert counts[0].line() == (
        '7 features, 0 mended, 1 ignored, 2 outside of the images, '
        '1 too small to label a pixel (--all-touched labels them)'
    )
    # On another scene the second feature is burnt, and so nowhere outside.
    far = RasterGrid(CRS54, from_origin(WEST + 9000, NORTH, SIDE, SIDE), (6, 6))
    fates = [InventoryMask(polygons, grid).fates() for grid in (GRID, far)]
    assert count_features(inventory, fates).outside == 1


def test_fates_by_strips_and_on_a_turned_grid(tmp_path, monkeypatch):
    boxes = [pixel_box(row, col, 1, 1) for row in range(6) for col in range(6)]
    inventory = read_inventory(write_inventory(tmp_path / 'a.gpkg', boxes))
    monkeypatch.setattr('dfpenet_mm.preparation.chips.inventory_mask.STRIP_PIXELS', 1)
    turned = GRID.transform @ Affine.rotation(45) @ Affine.scale(0.5)
    for transform in (GRID.transform, turned):
        grid = RasterGrid(CRS54, transform, (6, 6))
        meets, burns = InventoryMask(inventory.in_crs(CRS54), grid).fates()
        alone = [
            InventoryMask(np.array([box]), grid).labels(EVERYWHERE, np.ones((6, 6), bool)).any()
            for box in inventory.shapes
        ]
        np.testing.assert_array_equal(burns, alone)
        assert (meets >= burns).all()


def test_bow_ties_are_mended_and_points_left_out(tmp_path):
    x, y = WEST, NORTH
    bow_tie = shapely.Polygon([(x, y), (x + 60, y - 60), (x + 60, y), (x, y - 60)])
    features = [bow_tie, shapely.Point(x, y), shapely.Polygon(), pixel_box(0, 0, 1, 1)]
    inventory = read_inventory(write_inventory(tmp_path / 'a.gpkg', features))
    assert (inventory.features, inventory.mended, inventory.ignored) == (4, 1, 2)
    assert shapely.is_valid(inventory.shapes.to_numpy()).all()
    assert burn(inventory)[2, 0] == 1
    assert burn(inventory)[0, 3] == 0


def test_layers(tmp_path):
    path = tmp_path / 'a.gpkg'
    write_inventory(path, [pixel_box(0, 0, 1, 1)], layer='old')
    assert read_inventory(path).layer == 'old'
    write_inventory(path, [pixel_box(0, 0, 2, 2)], layer='new')
    assert burn(read_inventory(path, 'new')).sum() == 4
    with pytest.raises(
        VectorFormatError, match=r'layers old, new and none is .landslides.*--layer'
    ):
        read_inventory(path)


def test_no_crs(tmp_path):
    path = write_inventory(tmp_path / 'a.shp', [pixel_box(0, 0, 1, 1)], None)
    with pytest.raises(VectorFormatError, match='has no CRS'):
        read_inventory(path)


def test_nothing_but_lines(tmp_path):
    line = shapely.LineString([(WEST, NORTH), (WEST + 9, NORTH)])
    path = write_inventory(tmp_path / 'a.gpkg', [line])
    with pytest.raises(VectorFormatError, match=r'1 feature of type LineString and no polygon'):
        read_inventory(path)


def test_no_feature(tmp_path):
    path = tmp_path / 'a.geojson'
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(VectorFormatError, match='no feature'):
        read_inventory(path)


def test_no_vector_file(tmp_path):
    (tmp_path / 'a.gpkg').write_text('notes')
    with pytest.raises(InputFileError, match=r'a\.gpkg cannot be read as a vector file'):
        read_inventory(tmp_path / 'a.gpkg')
    with pytest.raises(InputFileError, match='does not exist'):
        read_inventory(tmp_path / 'b.gpkg')
