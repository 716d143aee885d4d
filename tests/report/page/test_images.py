import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.report.page.images import (
    SIDE_PX,
    VERDICTS,
    colours_uri,
    largest_pictures,
    picture_uri,
    verdicts_uri,
)
from dfpenet_mm.report.run_products import RunProducts
from tests.report.page.generated_run import GSD, UPRIGHT, grid_of, write_raster

HEAD = 'data:image/webp;base64,'


def decoded(uri):
    assert uri.startswith(HEAD)
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(HEAD))))


def test_nodata_stays_transparent():
    colours = np.full((40, 60, 4), 128, np.uint8)
    colours[..., 3] = 255
    colours[:20, :30] = 0
    image = np.asarray(decoded(colours_uri(colours)).convert('RGBA'))
    assert image.shape == (40, 60, 4)
    assert (image[:18, :28, 3] == 0).all()
    assert (image[22:, 32:, 3] == 255).all()
    assert np.abs(image[25:, 35:, :3].astype(int) - 128).max() < 6


def test_verdicts_have_their_colours_and_the_rest_none(tmp_path):
    verdicts = np.repeat(np.array([0, 1, 2, 3, 4, 5, 255], np.uint8), 10)[None, None]
    write_raster(tmp_path / 'evaluation.tif', verdicts.repeat(10, axis=1), nodata=255)
    grid = grid_of(shape=(10, 70))
    image = np.asarray(decoded(verdicts_uri(tmp_path / 'evaluation.tif', grid)).convert('RGBA'))
    middle = image[5, 5::10]
    assert (middle[[0, 6], 3] == 0).all()
    for value, (_, colour) in VERDICTS.items():
        assert tuple(middle[value, :3]) == ImageColor.getrgb(colour)
        assert middle[value, 3] > 150


def test_verdicts_are_decimated_by_majority(tmp_path):
    verdicts = np.zeros((1, 40, 40), np.uint8)
    verdicts[0, :20] = 1
    # Single pixels, which must not stand for their neighbours.
    verdicts[0, 1::4, 1::4] = 2
    write_raster(tmp_path / 'evaluation.tif', verdicts, nodata=255)
    grid = grid_of(UPRIGHT @ UPRIGHT.scale(4), shape=(10, 10))
    assert grid.gsd == pytest.approx(4 * GSD)
    image = np.asarray(decoded(verdicts_uri(tmp_path / 'evaluation.tif', grid)).convert('RGBA'))
    assert (image[:5, :, :3] == ImageColor.getrgb(VERDICTS[1][1])).all()
    assert (image[5:, :, 3] == 0).all()


def test_pictures_are_made_smaller(tmp_path):
    Image.new('RGB', (2800, 1000)).save(tmp_path / 'wide.png')
    assert decoded(picture_uri(tmp_path / 'wide.png')).size == (1400, 500)


def test_what_is_no_picture_or_raster_is_told(tmp_path):
    (tmp_path / 'a.png').write_text('no picture')
    with pytest.raises(InputFileError, match=r'a\.png cannot be shown'):
        picture_uri(tmp_path / 'a.png')
    with pytest.raises(InputFileError, match=r'a\.png cannot be drawn'):
        verdicts_uri(tmp_path / 'a.png', grid_of())


def pixels_of(uri):
    image = Image.open(io.BytesIO(base64.b64decode(uri.partition(',')[2])))
    return np.asarray(image.convert('RGB')).astype(int)


def magenta(pixels):
    return (pixels[..., 0] > 140) & (pixels[..., 1] < 120) & (pixels[..., 2] > 110)


def test_a_landslide_takes_the_middle_of_its_picture(products):
    # Number 16: 190 m wide, less than the least width of 36 pixels leaves for the margin.
    (picture,) = largest_pictures(products.landslides, products, [15])
    assert (picture['id'], picture['row'], picture['area_m2']) == (16, 15, 36_100.0)
    assert picture['side_m'] == 360
    pixels = pixels_of(picture['post'])
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
