import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.run.working_pixels import look_at_pre, working_pixels

UTM = CRS.from_epsg(32631)
TEN = (5.0, 20.0, 10.0)


def grid(gsd, side=1000):
    return RasterGrid(UTM, Affine(gsd, 0, 500_000, 0, -gsd, 4_000_000), (side, side))


def pixels(gsd, sizes=TEN, *, force=False, side=1000):
    return working_pixels(grid(gsd, side), sizes, name='a.tif', network='net', force=force)


def test_known_pixels_stay_as_they_are():
    for gsd in (5, 10, 20):
        found = pixels(gsd)
        assert (found.grid, found.doubt, found.averaged_to) == (None, None, None)
    assert pixels(10).sentence == ('a.tif has pixels of 10 m, and the network net knows 5 to 20 m')


def test_smaller_ones_are_averaged_down():
    found = pixels(0.5)
    assert found.grid.shape == (50, 50)
    assert found.averaged_to == pytest.approx(10, rel=1e-3)
    assert found.sentence.endswith(
        ': the image is averaged down to 10 m, in which all products are'
    )
    assert found.to_dict() == {
        'image_m': pytest.approx(0.5, rel=1e-3),
        'known_m': [5.0, 20.0],
        'averaged_to_m': found.averaged_to,
    }


@given(st.floats(0.32, 24.9))
def test_detail_is_never_invented(gsd):
    found = pixels(gsd)
    assert found.averaged_to is None or found.averaged_to > gsd
    assert (found.grid is None) == (gsd >= 5 * 0.9985) or gsd == pytest.approx(5, rel=5e-3)


@pytest.mark.parametrize(
    ('gsd', 'sentence'),
    [
        (300, 'in larger ones it sees no landslide; give an image of smaller pixels'),
        (30, 'in larger ones it sees no landslide'),
        (0.1, 'averaged down to 10 m, more than 32 of its pixels a side'),
        (0.02, 'or map it in spite of that with --force'),
    ],
)
def test_pixels_that_no_network_can_use_are_refused_unless_forced(gsd, sentence):
    with pytest.raises(RasterFormatError, match=sentence):
        pixels(gsd)
    assert (pixels(gsd, force=True).grid is None) == (gsd > 20)


def test_somewhat_larger_ones_are_doubted():
    assert pixels(24).doubt.endswith(
        'it may miss most of what there is; use an image of smaller pixels'
    )
    assert pixels(300, force=True).doubt


def test_where_nobody_says_what_a_network_knows_everything_is_mapped():
    assert pixels(300, None).grid is None
    assert pixels(0.01, None).doubt is None


@pytest.mark.parametrize(
    ('post', 'pre', 'sentence'),
    [
        (10, 0.5, None),
        (10, 19, None),
        (0.5, 19, None),
        (10, 24, 'b.tif has pixels of 24 m, and the network knows 5 to 20 m: landslides from bef'),
        (6, 15, 'has pixels of 15 m, 2.5 times those in which both images are compared: landsl'),
    ],
)
def test_an_image_before_the_event_that_shows_less(post, pre, sentence):
    found = look_at_pre(pre, pixels(post), 'b.tif', force=False)
    assert found is None if sentence is None else sentence in found


def test_an_image_before_the_event_of_unseen_pixels_is_refused_or_doubted():
    with pytest.raises(RasterFormatError, match=r'^b.tif has pixels of 300 m, .* with --force$'):
        look_at_pre(300, pixels(10), 'b.tif', force=False)
    assert 'b.tif has pixels of 300 m' in look_at_pre(300, pixels(10), 'b.tif', force=True)


def test_without_known_pixels_an_image_before_the_event_is_compared_with_the_other():
    assert look_at_pre(20, pixels(10, None), 'b.tif', force=False) is None
    assert '30.0 times' in look_at_pre(300, pixels(10, None), 'b.tif', force=False)
