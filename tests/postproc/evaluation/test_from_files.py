import numpy as np
import pytest
import rasterio
import shapely

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.from_files import InventoryFiles

MASK = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]], np.uint8)
SCENE = np.array([[7, 0, 7, 7], [7, 0, 7, 7], [7, 0, 7, 7]], np.uint8)
BOX = shapely.box(500_000, 4_699_990, 500_020, 4_700_000)


@pytest.fixture
def read(tmp_path):
    def product(**files):
        (tmp_path / 'work').mkdir()
        return InventoryFiles(**files).product(tmp_path / 'work', tmp_path)

    return product


def test_a_vector_has_the_data_of_the_scene(read, read_band, write_raster, write_vector):
    scene = write_raster('scene.tif', SCENE, nodata=0)
    path = write_vector([BOX])

    product = read(predicted=path, reference=path, scene=scene)

    assert read_band(product.rasters['mask']).tolist() == [[0, 255, 0, 0]] * 3
    assert product.landslides.geometry.iloc[0].equals(BOX)
    with rasterio.open(scene) as dataset:
        assert product.grid == RasterGrid.from_dataset(dataset)


def test_a_raster_loses_what_lies_on_nodata_of_the_scene(read, read_band, write_raster):
    scene = write_raster('scene.tif', SCENE, nodata=0)
    mask = write_raster('predicted.tif', MASK)

    product = read(predicted=mask, reference=mask, scene=scene)

    wanted = np.where(SCENE == 0, 255, MASK)
    np.testing.assert_array_equal(read_band(product.rasters['mask']), wanted)
    assert product.landslides.area.tolist() == [100, 200]


def test_the_first_raster_gives_the_grid(read, write_raster, write_vector):
    mask, vector = write_raster('mask.tif', MASK), write_vector([BOX])

    assert InventoryFiles(predicted=vector, reference=mask).grid_source() == mask
    assert InventoryFiles(predicted=mask, reference=vector).grid_source() == mask
    assert InventoryFiles(predicted=vector, reference=vector).grid_source() is None
    assert read(predicted=vector, reference=mask).grid.shape == (3, 4)


def test_a_grid_is_derived_around_the_area_too(read, write_vector):
    vector = write_vector([BOX])
    area = write_vector([BOX.buffer(100)], name='area.gpkg')

    product = read(predicted=vector, reference=vector, area=area, pixel_size_m=5)

    rows, cols = product.grid.shape
    assert 210 / 5 <= rows < cols <= 230 / 5
    assert len(product.landslides) == 1


def test_a_mask_without_landslides_is_an_answer(read, write_raster, write_vector):
    mask = write_raster('none.tif', np.where(SCENE == 0, 255, 0).astype(np.uint8), nodata=255)

    assert len(read(predicted=mask, reference=write_vector([BOX])).landslides) == 0


def test_a_mask_of_other_values_is_refused(read, write_raster, write_vector):
    mask = write_raster('twos.tif', MASK * 2)

    with pytest.raises(RasterFormatError, match=r'the prediction .* holds the values 0 and 2'):
        read(predicted=mask, reference=write_vector([BOX]))


def test_a_scene_without_crs_is_refused(read, write_raster, write_vector):
    vector, scene = write_vector([BOX]), write_raster('scene.tif', SCENE, crs=None)

    with pytest.raises(RasterFormatError, match='has no CRS, so it has no place'):
        read(predicted=vector, reference=vector, scene=scene)
