import numpy as np
import pytest
from affine import Affine
from scipy.ndimage import gaussian_filter

from dfpenet_mm.mapping.registration.measure_shift import measure_shift
from dfpenet_mm.mapping.scene.scene import Scene
from tests.mapping.registration.test_measure_shift_window_shift import ground

TEN_METRES = Affine(10, 0, 500_000, 0, -10, 4_700_000)
ROTATED = Affine.translation(500_000, 4_700_000) @ Affine.rotation(30) @ Affine.scale(10, -12)
# At 42.4 degrees north, pixels of about 8.2 m times 11.1 m.
DEGREES = Affine(1e-4, 0, 141.0, 0, -1e-4, 42.45)


def texture(seed=0, side=300):
    return np.rint(1000 * ground(seed, side) + 100).astype(np.uint16)


@pytest.fixture
def measure(write_raster, tmp_path):
    """Give ``measure(post, pre, post profile, pre profile)``, both scenes on the post grid."""

    def run(post, pre, profile, other):
        with (
            Scene(write_raster(tmp_path / 'post.tif', post, nodata=0, **profile)) as first,
            Scene(
                write_raster(tmp_path / 'pre.tif', pre, nodata=0, **other), grid=first.grid
            ) as second,
        ):
            return measure_shift(first, second)

    return run


@pytest.mark.parametrize('transform', [TEN_METRES, ROTATED], ids=['north up', 'rotated'])
def test_a_moved_georeference_is_measured_in_metres_along_the_map(transform, measure):
    moved = Affine.translation(13, -4.5) @ transform
    found = measure(texture(), texture(), {'transform': transform}, {'transform': moved})
    assert found.median == pytest.approx((13, -4.5), abs=0.6)
    assert found.length_m == pytest.approx(np.hypot(13, 4.5), abs=0.6)
    assert found.spread_m < 0.5
    assert found.certain
    assert found.doubt is None
    values = found.to_dict()
    assert values['windows_used'] == values['windows_valid'] == len(found.windows) == 9
    assert values['length_pixels'] == pytest.approx(values['length_m'] / found.pixel_m)


def test_degrees_are_measured_in_metres_too(measure):
    moved = Affine.translation(2e-4, 1e-4) @ DEGREES
    profiles = ({'transform': place, 'crs': 'EPSG:4326'} for place in (DEGREES, moved))
    found = measure(texture(), texture(), *profiles)
    assert found.median == pytest.approx((16.46, 11.11), abs=0.5)
    assert found.pixel_m == pytest.approx(np.sqrt(8.23 * 11.11), rel=1e-2)


def test_identical_images_do_not_lie_apart(measure):
    found = measure(texture(), texture(), {}, {})
    assert found.median == (0, 0)
    assert found.spread_m == 0
    assert found.certain
    found.require_small(0.001, 'pre.tif')


def test_unrelated_images_cannot_be_told(measure):
    found = measure(texture(0), texture(1), {}, {})
    assert not found.certain
    assert 'only 0 of 9 windows' in found.doubt
    assert 'could not be measured' in found.doubt
    found.require_small(0.001, 'pre.tif')
    values = found.to_dict()
    assert (values['dx_m'], values['spread_m'], values['quality']) == (None, None, None)


def test_windows_without_data_in_both_are_left_out(measure):
    pre = texture()
    pre[:, :, 130:] = 0
    found = measure(texture(), pre, {}, {})
    assert len(found.windows) == 3
    assert {round(window.x) for window in found.windows} == {500_750}
    assert found.median == pytest.approx((0, 0), abs=0.2)


def test_a_coarser_image_is_compared_at_its_resolution(measure):
    fine = np.rint(1000 * gaussian_filter(ground(0, 384), (0, 1, 1)) + 100).astype(np.uint16)
    coarse = fine.reshape(3, 96, 4, 96, 4).mean(axis=(2, 4)).round().astype(np.uint16)
    place = TEN_METRES @ Affine.scale(4)
    found = measure(
        fine, coarse, {'transform': TEN_METRES}, {'transform': Affine.translation(30, 0) @ place}
    )
    assert found.pixel_m == pytest.approx(40, rel=1e-3)
    assert found.median == pytest.approx((30, 0), abs=6)
    assert found.certain


def test_a_scene_smaller_than_any_window_is_no_error(measure):
    tiny = texture()[:, :9, :7]
    found = measure(tiny, tiny, {}, {})
    assert len(found.windows) == 1
    assert not found.certain
