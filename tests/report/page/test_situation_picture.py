import numpy as np
import pytest
from affine import Affine

from dfpenet_mm.report.backdrop import Backdrop
from dfpenet_mm.report.page.situation_picture import situation_picture
from tests.report.page.generated_run import grid_of, square


def test_picture_is_as_wide_and_high_as_the_ground():
    # Pixels of a degree's parts are higher than wide.
    grid = grid_of(Affine(0.0001, 0, 142, 0, -0.0001, 42.7), 'EPSG:4326', (300, 400))
    across, down = grid.pixel_size
    colours = np.full((300, 400, 4), 90, np.uint8)
    colours[..., 3] = 255
    colours[:30, :, 3] = 0
    outline = np.array([square(200, 100, 80, Affine.identity())])
    picture = np.asarray(situation_picture(Backdrop(colours, grid), outline)).astype(int)
    rows, cols, _ = picture.shape
    assert cols / rows == pytest.approx(400 * across / (300 * down), rel=0.01)
    # Nodata is as white as the paper.
    assert (picture[: rows // 12] == 255).all()
    magenta = (picture[..., 0] > 140) & (picture[..., 1] < 100)
    lines = np.nonzero(magenta.any(axis=1))[0]
    assert lines.min() / rows == pytest.approx(200 / 300, abs=0.01)
    assert lines.max() / rows == pytest.approx(280 / 300, abs=0.01)
