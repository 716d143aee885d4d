"""A pre-event image through the command line: its shift, its histogram, and the layers beside."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.run.work_folder import finished_blocks
from postproc.registry import POSTPROC
from tests.cli.stopped_run import fail, stop_after


@POSTPROC.register_module()
class SeesLayers:
    """A hook that notes what it is given."""

    def __call__(self, product):
        return product.with_result('layers', {n: p.name for n, p in product.layers.items()})


@pytest.fixture(scope='module')
def before(cheap, tmp_path_factory):
    """Give ``before(east, change)``: the cheap scene moved by metres, with changed values."""

    def write(east=0, change=lambda bands: bands):
        path = shutil.copy(cheap / 'post.tif', tmp_path_factory.mktemp('pre') / 'before.tif')
        with rasterio.open(path, 'r+') as scene:
            bands = scene.read()
            scene.write(np.where(bands == 0, 0, change(bands)).astype(np.uint8))
            scene.transform = Affine.translation(east, 0) @ scene.transform
        return str(path)

    return write


@pytest.fixture(scope='module')
def arguments(cheap_arguments):
    """Give ``arguments(out, pre, *more)``, in large windows that cost no time."""
    quick = [
        f'mapping.{setting}' for setting in ('window=256', 'stride=200', 'predictor.seconds=0')
    ]
    return lambda out, pre, *more: cheap_arguments(
        out, '--pre', pre, *more, '--cfg-options', *quick
    )


@pytest.fixture(scope='module')
def dim(before):
    """A pre-event image of half the brightness."""
    return before(change=lambda bands: bands // 2 + 1)


@pytest.fixture(scope='module')
def matched(arguments, dim, tmp_path_factory):
    out = tmp_path_factory.mktemp('matched') / 'out'
    main(arguments(out, dim))
    return out


@pytest.mark.parametrize('how', ['same', 'link', 'copy'])
def test_one_image_for_both_is_refused(arguments, cheap, tmp_path, capsys, how):
    post = cheap / 'post.tif'
    pre = post if how == 'same' else tmp_path / 'before.tif'
    if how == 'link':
        pre.hardlink_to(post)
    if how == 'copy':
        shutil.copy(post, pre)
    message = fail(arguments(tmp_path / 'out', str(pre)), capsys)
    assert f'--pre {pre} and --post {post} are the same image' in message
    assert not (tmp_path / 'out').exists()


def summary(out):
    return json.loads((out / 'summary.json').read_text())


def unlikeness(out):
    """Return the largest difference between the probabilities before and after the event."""
    images = []
    for name in ('probability.tif', 'pre_probability.tif'):
        with rasterio.open(out / name) as dataset:
            images.append(dataset.read(1))
    return np.nanmax(np.abs(images[0] - images[1]))


def test_the_scene_is_matched_where_it_is_read(matched):
    assert unlikeness(matched) < 0.01
    found = summary(matched)
    decision = found['pre_event']['histogram_match']
    assert (decision['asked'], decision['matched']) == ('auto', True)
    assert 'is above 0.2' in decision['why']
    assert 'lookup' not in found['recognition']['pre']['scaling']


def test_the_shift_is_reported_and_pictured(matched):
    found = summary(matched)
    assert found['pre_event']['shift']['length_m'] == 0
    assert found['pre_event']['shift']['certain']
    assert 'figures/shift.png' in found['files']
    assert (matched / 'figures' / 'shift.png').stat().st_size > 5000


def test_an_image_too_far_off_is_refused_before_any_work(
    arguments, before, tmp_path, monkeypatch, capsys
):
    out, pre = tmp_path / 'out', before(33, lambda bands: bands // 2 + 1)
    calls = stop_after(monkeypatch, 10_000)
    message = fail(arguments(out, pre), capsys, code=2)
    assert message.startswith('error: the pre-event image before.tif lies 3')
    assert 'wanted are at most 20 m' in message
    assert not out.exists()
    assert not calls
    main(arguments(out, pre, '--max-shift', '40', '--match-histogram', 'no'))
    assert str(out / 'figures' / 'shift.png') in capsys.readouterr().out
    found = summary(out)
    shift, decision = (found['pre_event'][name] for name in ('shift', 'histogram_match'))
    assert (shift['dx_m'], shift['dy_m']) == pytest.approx((33, 0), abs=1)
    assert not decision['matched']
    assert unlikeness(out) > 0.2
    assert found['provenance']['settings']['mapping']['match_histogram'] is False


def test_a_shift_that_cannot_be_told_is_a_warning(arguments, before, tmp_path, capsys):
    rng = np.random.default_rng(5)
    pre = before(change=lambda bands: rng.integers(1, 251, bands.shape, np.uint8))
    main(arguments(tmp_path / 'out', pre))
    assert 'could not be measured (the same ground shows in only 0 of' in capsys.readouterr().err
    assert not summary(tmp_path / 'out')['pre_event']['shift']['certain']
    assert (tmp_path / 'out' / 'figures' / 'shift.png').exists()


def test_a_resumed_run_keeps_the_match_it_began_with(
    arguments, dim, matched, tmp_path, *, monkeypatch, capsys
):
    out = tmp_path / 'out'
    stop_after(monkeypatch, 9)
    fail(arguments(out, dim), capsys, code=130)
    assert finished_blocks(out)
    assert (out / '.unfinished' / 'pre' / 'blocks').exists()
    monkeypatch.undo()
    monkeypatch.delattr('dfpenet_mm.run.scene_pair.match_pre_event')
    main([*arguments(out, dim), '--resume'])
    assert unlikeness(out) < 0.01
    assert (out / 'pre_mask.tif').read_bytes() == (matched / 'pre_mask.tif').read_bytes()
    assert summary(out)['pre_event'] == summary(matched)['pre_event']


def test_layers_reach_the_hooks_and_the_record(cheap_arguments, cheap, tmp_path):
    dem = shutil.copy(cheap / 'post.tif', tmp_path / 'dem.tif')
    nir = shutil.copy(cheap / 'post.tif', tmp_path / 'near.tif')
    options = ('--dem', str(dem), '--layer', f'nir={nir}')
    hook = ('--cfg-options', 'postproc.1.type=SeesLayers')
    main(cheap_arguments(tmp_path / 'out', *options, *hook))
    found = summary(tmp_path / 'out')
    assert found['results']['layers'] == {'dem': 'dem.tif', 'nir': 'near.tif'}
    inputs = found['provenance']['inputs']
    assert set(inputs) == {'config', 'post', 'layer_dem', 'layer_nir', 'checkpoint'}
    assert inputs['layer_nir']['name'] == 'near.tif'
    assert len(inputs['layer_dem']['sha256']) == 64
    assert found['pre_event'] is None
    assert not (tmp_path / 'out' / 'figures').exists()


def test_a_value_called_nodata_is_none_in_images_record_and_report(
    cheap, cheap_arguments, tmp_path, capsys, monkeypatch
):
    post = shutil.copy(cheap / 'post.tif', tmp_path / 'post.tif')
    with rasterio.open(post, 'r+') as scene:
        scene.write(np.zeros((3, 200, 300), np.uint8), window=Window(0, 0, 300, 200))
        hidden = scene.read_masks(1) == 0
        scene.nodata = None
    quick = ('--cfg-options', 'mapping.window=256', 'mapping.stride=200')
    main(cheap_arguments(tmp_path / 'plain', *quick, post=post))
    assert '--nodata=0, as otherwise' in capsys.readouterr().err

    stop_after(monkeypatch, 5)
    out = tmp_path / 'told'
    with pytest.raises(SystemExit):
        main(cheap_arguments(out, '--nodata', '0', *quick, post=post))
    monkeypatch.undo()
    refusal = fail(cheap_arguments(out, '--resume', *quick, post=post), capsys)
    assert 'mapping.nodata has changed from [0.0] to None' in refusal

    main(cheap_arguments(out, '--nodata', '0', '--overwrite', *quick, post=post))
    assert '--nodata' not in capsys.readouterr().err
    with rasterio.open(out / 'mask.tif') as mask:
        np.testing.assert_array_equal(mask.read(1) == 255, hidden)
    products = RunProducts.read(out, post=Path(post))
    assert products.nodata == (0.0,)
    shown = products.backdrops['post'].colours[..., 3] > 0
    np.testing.assert_array_equal(shown, ~hidden)


def test_colours_that_a_file_declares_are_mapped_alike(cheap, cheap_arguments, tmp_path, capsys):
    with rasterio.open(cheap / 'post.tif') as scene:
        bands, profile = scene.read(), scene.profile
    post = tmp_path / 'bgr.tif'
    with rasterio.open(post, 'w', **{**profile, 'photometric': 'MINISBLACK'}) as scene:
        scene.write(bands[::-1])
        scene.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
    quick = ('--cfg-options', 'mapping.window=256', 'mapping.stride=200')
    masks = {}
    for name, options in (
        ('rgb', ()),
        ('bgr', ('--post', str(post))),
        ('blind', ('--post', str(post), '--bands', '1,2,3')),
    ):
        main([*cheap_arguments(tmp_path / name, *options, *quick)])
        noticed = 'bgr.tif: bands 3, 2, 1 are read' in capsys.readouterr().err
        assert noticed is (name == 'bgr')
        with rasterio.open(tmp_path / name / 'mask.tif') as mask:
            masks[name] = mask.read(1)
    np.testing.assert_array_equal(masks['bgr'], masks['rgb'])
    assert (masks['blind'] != masks['rgb']).any()
