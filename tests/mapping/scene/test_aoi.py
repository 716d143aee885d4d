import pickle

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.transform import from_origin
from rasterio.windows import Window
from shapely import Polygon, box

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource

UTM54 = rasterio.CRS.from_epsg(32654)
GRID = RasterGrid(UTM54, from_origin(500_000, 4_700_000, 10, 10), (12, 20))


def area(tmp_path, *shapes, crs='EPSG:32654', grid=GRID):
    path = tmp_path / 'area.gpkg'
    gpd.GeoDataFrame(geometry=list(shapes), crs=crs).to_file(path)
    return AreaOfInterest.read(path, grid)


def columns_and_rows(left, top, right, bottom):
    """A box around pixels of GRID, in map units."""
    corner = 500_000 + 10 * left, 4_700_000 - 10 * top
    return box(corner[0], 4_700_000 - 10 * bottom, 500_000 + 10 * right, corner[1])


WHOLE = Window(0, 0, 20, 12)


def inside(aoi, window=WHOLE):
    return aoi.inside(window)


@pytest.mark.parametrize('crs', ['EPSG:32654', 'EPSG:4326'])
@pytest.mark.parametrize('bounds', [(-180, -90, 180, 90), (-30, 20, 160, 60), (27, 41, 180, 82)])
def test_an_area_of_half_the_earth_is_no_jump(tmp_path, crs, bounds):
    where = (500_000, 4_700_000, 10) if crs == 'EPSG:32654' else (141, 42.5, 1e-4)
    grid = RasterGrid(rasterio.CRS.from_user_input(crs), from_origin(*where, where[2]), (12, 20))

    assert inside(area(tmp_path, box(*bounds), crs='EPSG:4326', grid=grid)).all()


def test_an_area_that_may_be_either_side_of_the_earth_is_said_to_be_so(tmp_path):
    with pytest.raises(GridMismatchError, match=r'from 179 to 181 degrees east; if it spans more'):
        area(tmp_path, box(-179, -80, 179, 80), crs='EPSG:4326')


def test_pixels_whose_centre_lies_inside_are_in(tmp_path):
    aoi = area(tmp_path, columns_and_rows(2.4, 3.6, 7.6, 5.4), columns_and_rows(15, 0, 20, 2))
    expected = np.zeros((12, 20), bool)
    expected[4:5, 2:8] = True
    expected[0:2, 15:] = True
    np.testing.assert_array_equal(inside(aoi), expected)
    np.testing.assert_array_equal(inside(aoi, Window(6, 3, 5, 4)), expected[3:7, 6:11])
    assert not inside(aoi, Window(8, 5, 4, 4)).any()


def test_it_comes_in_any_crs(tmp_path):
    shape = columns_and_rows(2, 3, 9, 8)
    degrees = gpd.GeoSeries([shape], crs=UTM54).to_crs(4326)[0]
    expected = np.zeros((12, 20), bool)
    expected[3:8, 2:9] = True
    np.testing.assert_array_equal(inside(area(tmp_path, degrees, crs='EPSG:4326')), expected)


def test_a_rotated_scene(tmp_path):
    transform = Affine.translation(500_000, 4_700_000) @ Affine.rotation(30) @ Affine.scale(10, -10)
    grid = RasterGrid(UTM54, transform, (12, 20))
    corners = [transform @ corner for corner in ((2, 3), (9, 3), (9, 8), (2, 8))]
    expected = np.zeros((12, 20), bool)
    expected[3:8, 2:9] = True
    np.testing.assert_array_equal(inside(area(tmp_path, Polygon(corners), grid=grid)), expected)


def test_it_pickles(tmp_path):
    aoi = area(tmp_path, columns_and_rows(2, 3, 9, 8))
    inside(aoi)
    np.testing.assert_array_equal(inside(pickle.loads(pickle.dumps(aoi))), inside(aoi))


def test_an_area_elsewhere_is_refused(tmp_path):
    with pytest.raises(GridMismatchError, match=r'area\.gpkg does not overlap the scene grid'):
        area(tmp_path, box(0, 0, 10, 10))


def test_only_the_area_is_mapped_and_windows_off_it_are_not_even_read(
    noise, write_raster, tmp_path, monkeypatch
):
    bands = noise(12, 20)
    bands[:, 4, 3] = 0
    path = write_raster(tmp_path / 'scene.tif', bands, nodata=0)
    aoi = area(tmp_path, columns_and_rows(2, 3, 6, 8))
    read, chips_seen, original = [], [], Scene.read
    monkeypatch.setattr(
        Scene, 'read', lambda self, window: read.append(window) or original(self, window)
    )

    def first_band(chips):
        chips_seen.extend(chips)
        return chips[:, 0] / 255

    products = {'probability': tmp_path / 'probability.tif', 'mask': tmp_path / 'mask.tif'}
    with Scene(path) as scene:
        read.clear()
        task = BlockTask(
            scene=SceneSource.of(scene),
            plan=WindowPlan(scene.shape, 4, 4),
            scaling=FittedScaling((1.0,) * 3, (0.0,) * 3),
            aoi=aoi,
        )
        result = map_scene(
            scene=scene,
            task=task,
            executor=LocalExecutor(predictor=first_band),
            threshold=0.5,
            **products,
        )
    wanted = np.zeros((12, 20), bool)
    wanted[3:8, 2:6] = True
    wanted[4, 3] = False
    with rasterio.open(products['probability']) as dataset:
        probability = dataset.read(1)
    np.testing.assert_array_equal(np.isfinite(probability), wanted)
    np.testing.assert_allclose(probability[wanted], bands[0][wanted] / 255, atol=1e-6)
    assert len(read) == 4
    assert (result.windows_run, result.windows_skipped) == (4, 11)
    # The network sees what lies around the area.
    np.testing.assert_array_equal(chips_seen[0], bands[:, :4, :4])
