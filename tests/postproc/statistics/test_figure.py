import numpy as np
import pytest
from PIL import Image

from postproc.statistics.density_map import map_density
from postproc.statistics.distributions import InverseGamma, PowerLawTail, frequency_area
from postproc.statistics.figure import draw_statistics

FIT = InverseGamma(1.4, 1280, -132)
TAIL = PowerLawTail(2.4, 0.1, 2000, 30, 0.05)
RED, BLUE = (214, 39, 40), (31, 119, 180)


@pytest.mark.usefixtures('foreign_style')
@pytest.mark.parametrize('complete', [True, False])
def test_curves_are_drawn_if_there_are_any(make_product, tmp_path, complete):
    mask = np.zeros((40, 40))
    mask[::5, ::5] = 1
    density = map_density(make_product(mask), 100)
    path = tmp_path / 'statistics.png'

    draw_statistics(
        path,
        sizes=frequency_area(np.geomspace(100, 1e5, 60)) if complete else None,
        fit=FIT if complete else None,
        tail=TAIL if complete else None,
        density=density,
        title='60 landslides',
    )

    pixels = np.asarray(Image.open(path).convert('RGB'))
    left = pixels[:, : pixels.shape[1] // 2].reshape(-1, 3)
    drawn = [(left == colour).all(axis=1).sum() > 100 for colour in (BLUE, RED)]
    assert drawn == [complete, complete]
