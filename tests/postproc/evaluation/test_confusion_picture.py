import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rasterio.crs import CRS
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from postproc.evaluation.confusion_picture import COLOURS, ConfusionOverview, draw_confusion
from postproc.evaluation.pixel_comparison import PixelCounts
from postproc.evaluation.scores import Counts
from postproc.masks.product_rasters import scene_windows


def overview_of(verdicts, max_side, size=1024):
    overview = ConfusionOverview(verdicts.shape, max_side)
    for window in scene_windows(verdicts.shape, size):
        overview.add(window, verdicts[window.toslices()])
    return overview


def test_a_cell_shows_its_most_frequent_landslide_verdict():
    verdicts = np.array(
        [
            [0, 0, 3, 2, 255, 0],
            [0, 1, 2, 0, 255, 255],
            [0, 0, 5, 4, 255, 255],
            [0, 0, 4, 0, 255, 255],
        ],
        dtype=np.uint8,
    )

    np.testing.assert_array_equal(overview_of(verdicts, 3).verdicts(), [[1, 2, 255], [0, 4, 255]])
    np.testing.assert_array_equal(overview_of(verdicts, 6).verdicts(), verdicts)


@given(
    rows=st.integers(1, 20),
    cols=st.integers(1, 20),
    size=st.integers(1, 20),
    side=st.integers(1, 9),
)
@settings(max_examples=30)
def test_overview_does_not_depend_on_the_windows(rows, cols, size, side):
    verdicts = np.random.default_rng(rows).choice([0, 1, 2, 3, 255], (rows, cols)).astype(np.uint8)

    whole, cut = (overview_of(verdicts, side, step).verdicts() for step in (1024, size))

    np.testing.assert_array_equal(cut, whole)
    assert max(whole.shape) <= side


@pytest.mark.usefixtures('foreign_style')
@pytest.mark.parametrize('crs', [32654, 4326])
def test_picture_shows_the_colours(tmp_path, crs):
    step = 1e-4 if crs == 4326 else 10
    grid = RasterGrid(CRS.from_epsg(crs), Affine(step, 0, 142, 0, -step, 43), (40, 60))
    overview = ConfusionOverview(grid.shape)
    verdicts = np.zeros(grid.shape, np.uint8)
    verdicts[:20, :20], verdicts[20:, :30], verdicts[:, 40:] = 1, 2, 3
    overview.add(Window(0, 0, 60, 40), verdicts)
    counts = np.bincount(verdicts.ravel(), minlength=256)

    draw_confusion(
        tmp_path / 'picture.png',
        overview,
        grid,
        pixels=PixelCounts(counts),
        landslides=Counts(1, 0, 0),
        title='Landslides',
    )

    pixels = np.asarray(Image.open(tmp_path / 'picture.png').convert('RGB')).reshape(-1, 3)
    for verdict, cells in ((1, 400), (2, 600), (3, 800)):
        share = (pixels == COLOURS[verdict][:3]).all(axis=1).mean()
        assert share > 0.6 * cells / 2400
