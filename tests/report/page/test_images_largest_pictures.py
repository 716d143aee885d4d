import base64
import io

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.report.page.images import SIDE_PX, largest_pictures
from dfpenet_mm.report.run_products import RunProducts


def decoded(uri):
    image = Image.open(io.BytesIO(base64.b64decode(uri.partition(',')[2])))
    return np.asarray(image.convert('RGB')).astype(int)


def magenta(pixels):
    return (pixels[..., 0] > 140) & (pixels[..., 1] < 120) & (pixels[..., 2] > 110)


def test_a_landslide_takes_the_middle_of_its_picture(products):
    # Number 16: 190 m wide, less than the least width of 36 pixels leaves for the margin.
    (picture,) = largest_pictures(products.landslides, products, [15])
    assert (picture['id'], picture['row'], picture['area_m2']) == (16, 15, 36_100.0)
    assert picture['side_m'] == 360
    pixels = decoded(picture['post'])
    assert pixels.shape == (SIDE_PX, SIDE_PX, 3)
    row = np.nonzero(magenta(pixels).sum(axis=1) > SIDE_PX / 3)[0]
    assert row.min() / SIDE_PX == pytest.approx((360 - 190) / 2 / 360, abs=0.04)
    assert row.max() / SIDE_PX == pytest.approx((360 + 190) / 2 / 360, abs=0.04)


def test_before_is_drawn_only_if_there_is_a_before(products):
    (pair,) = largest_pictures(products.landslides, products, [0])
    assert pair['pre'].startswith('data:image/webp')
    alone = RunProducts(
        folder=products.folder,
        summary={},
        landslides=products.landslides,
        rejected=None,
        post=products.post,
    )
    (single,) = largest_pictures(products.landslides, alone, [0])
    assert single['pre'] is None
