"""The pixels that a lesson may be taught in."""

import pytest
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.run.working_pixels import working_pixels
from dfpenet_mm.teaching.classroom import _sizes
from dfpenet_mm.teaching.request import TeachRequest

METRES = (1.5, 5.0, 3.0)


def sizes(own, known=METRES, **asked):
    place = Affine(own, 0, 500_000, 0, -own, 4_700_000)
    grid = RasterGrid(CRS.from_epsg(32654), place, (4000, 4000))
    pixels = working_pixels(grid, known, name='post.tif', network='metres', force=True)
    request = TeachRequest(out='out', post='post.tif', inventory='mine.gpkg', **asked)
    return _sizes(request, own, pixels, known)


def test_pixels_that_the_network_knows_stay():
    assert sizes(2) == [2]
    assert sizes(2, known=None) == [2]


@pytest.mark.parametrize(
    ('own', 'tried'),
    [
        (1, [1, 2, 3]),
        (0.75, [0.75, 1.5, 3]),
        (0.1, [0.1, 0.2, 0.4, 0.8, 1.6, 3]),
        (0.01, [0.01, 0.02, 0.04, 0.08, 0.16, 3]),
    ],
)
def test_a_finer_image_may_be_taught_in_the_pixels_it_was_mapped_in(own, tried):
    assert sizes(own) == pytest.approx(tried)


def test_larger_pixels_than_known_ones_are_not_made_larger():
    assert sizes(8) == [8]


def test_asked_pixels_are_the_only_ones_and_no_smaller_than_the_images():
    assert sizes(1, pixel_size=2) == [2]
    with pytest.raises(ConfigError, match='hold no more than they show'):
        sizes(1, pixel_size=0.5)
