import numpy as np
import pytest
import rasterio
from affine import Affine

from dfpenet_mm.errors import ConfigError, EmptySceneError
from dfpenet_mm.mapping.scene.ground_stretch import SURFACE, TOP, GroundStretch
from dfpenet_mm.mapping.scene.scaling import FittedScaling, build_scaling
from dfpenet_mm.mapping.scene.scene import Scene

TARGETS = {'target_lower': (18, 22, 26), 'target_upper': (178, 121, 105)}


def ground(level, seed=0, side=64):
    """Make ground between the two reflectances of a level, in Sentinel-2's numbers."""
    dark, bright = (np.array(values) * 10_000 for values in level)
    share = np.random.default_rng(seed).beta(2, 4, (side, side)) * 1.02 - 0.01
    return np.round(dark[:, None, None] + (bright - dark)[:, None, None] * share).astype(np.uint16)


def open_scene(folder, bands, *, gsd=10.0, name='a.tif', scales=None, offsets=None, **tags):
    path = folder / name
    place = Affine(gsd, 0, 500_000, 0, -gsd, 4_000_000)
    count, rows, cols = bands.shape
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=cols,
        height=rows,
        count=count,
        dtype=bands.dtype,
        crs='EPSG:32631',
        transform=place,
    ) as file:
        file.write(bands)
        file.update_tags(**tags)
        if scales:
            file.scales, file.offsets = (scales,) * count, (offsets,) * count
    return Scene(path, bands=tuple(range(1, count + 1)))


def fit(folder, bands, values='auto', **scene):
    with open_scene(folder, bands, **scene) as opened:
        return GroundStretch(**TARGETS, values=values).fit(opened)


@pytest.mark.parametrize(
    ('level', 'words'), [(TOP, 'above the atmosphere'), (SURFACE, 'of the ground')]
)
def test_reflectance_has_a_scale_of_its_own(tmp_path, level, words):
    fitted = fit(tmp_path, ground(level))
    assert f'as reflectance {words}' in fitted.note
    ends = np.array(level).reshape(2, 3, 1, 1) * 10_000
    assert fitted.apply(ends[0]).ravel() == pytest.approx(TARGETS['target_lower'], abs=1e-3)
    assert fitted.apply(ends[1]).ravel() == pytest.approx(TARGETS['target_upper'], abs=1e-3)


def test_a_cut_out_is_scaled_as_the_whole(tmp_path):
    bands = ground(TOP)
    bands[:, :32] = (bands[:, :32] * 0.8).astype(np.uint16)
    whole, part = fit(tmp_path, bands), fit(tmp_path, bands[:, :24, :24])
    assert (whole.gain, whole.offset) == (part.gain, part.offset)


def test_what_is_added_since_2022_is_taken_off(tmp_path):
    plain, moved = fit(tmp_path, ground(SURFACE)), fit(tmp_path, ground(SURFACE) + np.uint16(1000))
    assert '1,000 added' in moved.note
    assert moved.gain == pytest.approx(plain.gain)
    bands = ground(SURFACE).astype(np.float32)
    assert moved.apply(bands + 1000) == pytest.approx(plain.apply(bands), abs=1e-3)


def test_bands_that_declare_reflectance_are_believed(tmp_path):
    bands = (ground(SURFACE).astype(np.float64) * 2 + 2000).astype(np.uint16)
    declared = fit(tmp_path, bands, gsd=3.0, scales=5e-5, offsets=-0.1)
    plain = fit(tmp_path, ground(SURFACE))
    assert 'as its bands declare' in declared.note
    assert declared.apply(bands) == pytest.approx(plain.apply(ground(SURFACE)), abs=1e-2)


def test_names_say_what_the_blue_of_the_sky_cannot(tmp_path):
    assert 'ground' in fit(tmp_path, ground(TOP), PRODUCT_TYPE='S2MSI2A').note
    assert 'atmosphere' in fit(tmp_path, ground(SURFACE), name='S2A_MSIL1C_2018.tif').note


@pytest.mark.parametrize(
    ('bands', 'scene'),
    [
        (ground(TOP), {'gsd': 3.0}),
        (ground(TOP) // 40, {}),
        (ground(TOP) * 8, {}),
        (ground(TOP).astype(np.int32), {}),
        (ground(TOP).astype(np.float32) / 1e4, {}),
    ],
    ids=['fine pixels', 'few numbers', 'large numbers', '32 bits', 'fractions'],
)
def test_other_numbers_go_by_percentiles_unless_asked_otherwise(tmp_path, bands, scene):
    assert 'by its percentiles, by one factor' in fit(tmp_path, bands, **scene).note
    assert 'as asked for' in fit(tmp_path, bands, 'reflectance', **scene).note


def test_reflectance_goes_by_percentiles_where_asked(tmp_path):
    fitted = fit(tmp_path, ground(TOP), 'percentiles')
    assert 'by its percentiles' in fitted.note
    assert len(set(fitted.gain)) == 1


def test_8_bit_colours_go_half_the_way(tmp_path):
    start, end = (np.array(TARGETS[name], float) for name in ('target_lower', 'target_upper'))
    bands = np.broadcast_to(np.arange(100, 201, dtype=np.uint8), (3, 100, 101)).copy()
    fitted = fit(tmp_path, bands)
    low, high = (start + 101) / 2, (end + 199) / 2
    assert fitted.apply(low.reshape(3, 1, 1)).ravel() == pytest.approx(start, abs=1e-3)
    assert fitted.apply(high.reshape(3, 1, 1)).ravel() == pytest.approx(end, abs=1e-3)
    with open_scene(tmp_path, bands) as scene:
        kept = GroundStretch(**TARGETS, way=0).fit(scene)
    assert kept.gain == (1, 1, 1)
    assert kept.offset == (0, 0, 0)


def test_clouds_saturation_and_black_are_left_out(tmp_path):
    bands = ground(SURFACE).astype(np.float32)
    spoilt = bands.copy()
    spoilt[:, :10], spoilt[:, 50:] = 9_000, 0
    whole, part = fit(tmp_path, bands[:, 10:50]), fit(tmp_path, spoilt)
    assert part.gain == pytest.approx(whole.gain, rel=0.03)
    assert part.apply(bands) == pytest.approx(whole.apply(bands), abs=5)


def test_a_flat_band_becomes_the_middle_of_its_target(tmp_path):
    bands = ground(TOP).astype(np.float32)
    bands[1] = 7
    assert fit(tmp_path, bands).apply(bands)[1] == pytest.approx((22 + 121) / 2)


def test_an_image_without_contrast_is_refused(tmp_path):
    with pytest.raises(EmptySceneError, match='has no contrast'):
        fit(tmp_path, np.full((3, 8, 8), 500, np.uint16))


def test_an_image_of_other_bands_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='targets for 3 bands and'):
        fit(tmp_path, ground(TOP)[:2])


@pytest.mark.parametrize(
    'changes',
    [{'values': 'colour'}, {'way': 2}, {'lower': 99}, {'target_lower': (1,)}, {'clip': (1, 0)}],
    ids=str,
)
def test_settings_that_cannot_serve(changes):
    with pytest.raises(ConfigError, match='give'):
        GroundStretch(**{**TARGETS, **changes})


def test_it_is_built_from_a_config_and_its_note_is_kept(tmp_path):
    with open_scene(tmp_path, ground(TOP)) as scene:
        fitted = build_scaling({'type': 'GroundStretch', **TARGETS}).fit(scene)
    assert FittedScaling.from_dict(fitted.to_dict()) == fitted
    assert fitted.describe()['note'] == fitted.note
