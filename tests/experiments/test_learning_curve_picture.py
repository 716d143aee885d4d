import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dfpenet_mm.experiments.learning_curve import draw_learning_curve


def curve(name, values, spread):
    rows = pd.DataFrame({'name': name, 'fraction': [5.0, 20.0, 100.0]})
    for score in ('IoU', 'precision', 'recall'):
        rows[score] = values
        rows[f'{score}_spread'] = spread
    return rows


def pixels(path):
    return np.asarray(Image.open(path).convert('RGB')).astype(int)


@pytest.mark.usefixtures('foreign_style')
def test_a_line_for_each_config_and_a_band_where_there_is_spread(tmp_path):
    one, band, two = (tmp_path / f'{name}.png' for name in ('one', 'band', 'two'))
    first = curve('finetune', [30.0, 50.0, 60.0], np.nan)
    draw_learning_curve(first, one)
    draw_learning_curve(curve('finetune', [30.0, 50.0, 60.0], 5.0), band)
    draw_learning_curve(pd.concat([first, curve('scratch', [10.0, 30.0, 55.0], np.nan)]), two)
    blue, orange = np.array([31, 119, 180]), np.array([255, 127, 14])
    assert (pixels(one) == blue).all(2).any()
    assert not (pixels(one) == orange).all(2).any()
    assert (pixels(two) == orange).all(2).any()
    # The band is the line's colour at a fifth of its strength over white.
    pale = (np.abs(pixels(band) - (255 * 0.8 + blue * 0.2)) < 3).all(2)
    assert pale.sum() > 1000
