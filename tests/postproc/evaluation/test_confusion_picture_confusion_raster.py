from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.errors import OutputError
from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.confusion_picture import COLOURS, confusion_raster

GRID = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, 500_000, 0, -10, 4_700_000), (600, 700))
GREEN, RED, BLUE = 1, 2, 3


def test_file_has_what_a_viewer_needs(tmp_path):
    path = tmp_path / 'evaluation.tif'
    left, right = np.full((600, 512), 1, np.uint8), np.full((600, 188), 255, np.uint8)

    with confusion_raster(path, GRID, {'inputs': 'a'}) as write:
        write(Window(0, 0, 512, 600), left)
        write(Window(512, 0, 188, 600), right)
        assert not path.exists()

    assert [file.name for file in tmp_path.iterdir()] == ['evaluation.tif']
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(1), np.hstack([left, right]))
        assert RasterGrid.from_dataset(dataset) == GRID
        assert (dataset.nodata, dataset.dtypes[0]) == (255, 'uint8')
        assert dataset.profile['tiled']
        assert dataset.profile['compress'] == 'deflate'
        assert dataset.tags()['DFPENET_MM'] == '{"inputs": "a"}'
        assert dataset.tags(1)['FN'] == '3'
        colours = dataset.colormap(1)
    for verdict, strongest in ((GREEN, 1), (RED, 0), (BLUE, 2)):
        assert np.argmax(colours[verdict][:3]) == strongest
        assert colours[verdict] == COLOURS[verdict]


# Of a small raster nothing is written before the file is closed, and GDAL loses it silently.
@pytest.mark.parametrize('shape', [(600, 700), (300, 300)])
def test_a_full_disk_leaves_nothing(tmp_path, full_disk, shape):
    path = tmp_path / 'evaluation.tif'
    noise = np.random.default_rng(0).integers(0, 4, shape, dtype=np.uint8)

    with (
        full_disk(20_000),
        pytest.raises(OutputError, match=r'evaluation\.tif cannot be written'),
        confusion_raster(path, replace(GRID, shape=shape), {}) as write,
    ):
        write(Window(0, 0, shape[1], shape[0]), noise)

    assert list(tmp_path.iterdir()) == []


def test_pixels_at_the_wrong_place_are_noticed(tmp_path):
    half = np.zeros((600, 350), np.uint8)
    half[:300] = 1

    def write_twice():
        with confusion_raster(tmp_path / 'evaluation.tif', GRID, {}) as write:
            write(Window(0, 0, 350, 600), half)
            # As many pixels of each verdict as before, so that counts would not tell.
            write(Window(0, 0, 350, 600), half[::-1])

    with pytest.raises(OutputError, match=r'evaluation\.tif cannot be written'):
        write_twice()
    assert list(tmp_path.iterdir()) == []
