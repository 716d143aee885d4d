import numpy as np
import pytest
from affine import Affine
from PIL import Image
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.confusion_picture import COLOURS, confusion_raster, draw_confusion
from postproc.evaluation.pixel_comparison import PixelCounts
from postproc.evaluation.scores import Counts


@pytest.mark.usefixtures('foreign_style')
@pytest.mark.parametrize('crs', [32654, 4326])
def test_picture_shows_the_colours(tmp_path, crs):
    step = 1e-4 if crs == 4326 else 10
    grid = RasterGrid(CRS.from_epsg(crs), Affine(step, 0, 142, 0, -step, 43), (40, 60))
    verdicts = np.zeros(grid.shape, np.uint8)
    verdicts[:20, :20], verdicts[20:, :30], verdicts[:, 40:] = 1, 2, 3
    with confusion_raster(tmp_path / 'verdicts.tif', grid, {}) as write:
        write(Window(0, 0, 60, 40), verdicts)
    counts = np.bincount(verdicts.ravel(), minlength=256)

    draw_confusion(
        tmp_path / 'picture.png',
        tmp_path / 'verdicts.tif',
        grid,
        pixels=PixelCounts(counts),
        landslides=Counts(1, 0, 0),
        title='Landslides',
    )

    pixels = np.asarray(Image.open(tmp_path / 'picture.png').convert('RGB')).reshape(-1, 3)
    for verdict, cells in ((1, 400), (2, 600), (3, 800)):
        share = (pixels == COLOURS[verdict][:3]).all(axis=1).mean()
        assert share > 0.6 * cells / 2400
