import json

import numpy as np
import pytest
from rasterio.windows import Window
from scipy.stats import ks_2samp

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.mapping.scene.histogram_match import match_pre_event, require_common_pixel
from dfpenet_mm.mapping.scene.scaling import FittedScaling, PercentileStretch
from dfpenet_mm.mapping.scene.scene import Scene

STRETCH = PercentileStretch(target_lower=(10, 20, 30), target_upper=(200, 190, 180))
ALL = Window(0, 0, 50, 40)


def darkened(bands):
    return (bands.astype(float) ** 2).astype(bands.dtype)


@pytest.fixture
def match(noise, write_raster, tmp_path):
    """Give ``match(pre bands, asked)``: scaling, decision, and both scenes as they are read."""

    def run(change, asked='auto', dtype='uint16'):
        post = noise(40, 50, dtype)
        pre = change(post)
        paths = [write_raster(tmp_path / f'{n}.tif', b) for n, b in (('a', post), ('b', pre))]
        with Scene(paths[0]) as first, Scene(paths[1]) as second:
            scenes = {'post': first, 'pre': second}
            scalings = {role: STRETCH.fit(scene) for role, scene in scenes.items()}
            scaling, decision = match_pre_event(scenes=scenes, scalings=scalings, asked=asked)
            read = {role: scene.read(ALL)[0] for role, scene in scenes.items()}
        return scaling, decision, scalings, read

    return run


def test_images_that_differ_much_are_matched(match):
    scaling, decision, scalings, read = match(darkened)
    assert decision.matched
    assert 'is above 0.2' in decision.why
    assert decision.pixels == 2000
    # What was one value after the event is shown as one value again.
    shown = scalings['post'].apply(read['post'])
    np.testing.assert_allclose(scaling.apply(read['pre']), shown, atol=0.01)
    assert np.abs(scalings['pre'].apply(read['pre']) - shown).max() > 30


def test_the_distance_is_kolmogorovs_and_smirnovs(match):
    _, decision, scalings, read = match(darkened, asked=True)
    shown = [scalings[role].apply(read[role]).reshape(3, -1) for role in ('post', 'pre')]
    expected = [ks_2samp(*bands).statistic for bands in zip(*shown, strict=True)]
    np.testing.assert_allclose(decision.distance, expected, atol=1e-9)


def test_images_that_are_alike_are_left_alone_unless_asked(match):
    scaling, decision, scalings, _ = match(lambda bands: bands // 2 + 40)
    assert not decision.matched
    assert 'is not above 0.2' in decision.why
    assert scaling == scalings['pre']
    scaling, decision, scalings, _ = match(lambda bands: bands // 2 + 40, asked=True)
    assert decision.matched
    assert scaling.lookup is not None
    assert scaling.gain == scalings['post'].gain


def test_a_fill_value_among_floats_does_not_spoil_the_lookup(match):
    def filled(bands):
        bands = darkened(bands)
        bands[:, 0, 0] = -1e20
        return bands

    scaling, _, scalings, read = match(filled, asked=True, dtype='float32')
    shown = scalings['post'].apply(read['post'])
    inner = np.abs(scaling.apply(read['pre']) - shown)[:, 1:]
    assert np.percentile(inner, 99) < 1


def test_who_does_not_want_it_does_not_pay_for_it(match, monkeypatch):
    monkeypatch.delattr('dfpenet_mm.mapping.scene.histogram_match.sample_pixels')
    scaling, decision, scalings, _ = match(darkened, asked=False)
    assert (decision.matched, scaling) == (False, scalings['pre'])


def test_a_window_is_matched_by_the_whole_scene(match):
    scaling, _, _, read = match(darkened)
    whole = scaling.apply(read['pre'])
    np.testing.assert_array_equal(scaling.apply(read['pre'][:, 5:9, 3:8]), whole[:, 5:9, 3:8])


def test_nothing_in_common_is_no_histogram(noise, write_raster, tmp_path):
    scenes = {}
    for role, hidden in (('post', np.s_[:, :, :10]), ('pre', np.s_[:, :, 10:])):
        bands = noise(10, 20)
        bands[hidden] = 0
        scenes[role] = Scene(write_raster(tmp_path / f'{role}.tif', bands, nodata=0))
    scalings = {role: STRETCH.fit(scene) for role, scene in scenes.items()}
    scaling, decision = match_pre_event(scenes=scenes, scalings=scalings, asked=True)
    assert (decision.matched, decision.pixels, scaling) == (False, 0, scalings['pre'])


def test_a_matched_scaling_survives_json_and_is_described_in_short(match):
    scaling, decision, _, _ = match(darkened)
    assert FittedScaling.from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling
    assert set(scaling.describe()) == {'gain', 'offset', 'clip', 'note'}
    assert json.loads(json.dumps(decision.to_dict()))['matched'] is True


@pytest.mark.parametrize('shared', [0, 1])
def test_one_pixel_in_common_suffices(shared, noise, write_raster, tmp_path):
    post, pre = noise(6, 8), noise(6, 8)
    post[:, :, : 4 - shared], pre[:, :, 4:] = 0, 0
    with (
        Scene(write_raster(tmp_path / 'post.tif', post, nodata=0)) as first,
        Scene(write_raster(tmp_path / 'pre.tif', pre, nodata=0)) as second,
    ):
        if shared:
            require_common_pixel(first, second)
            return
        with pytest.raises(GridMismatchError, match=r'pre\.tif has no valid pixel where .*post'):
            require_common_pixel(first, second)
