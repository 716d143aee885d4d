"""The main job through its command line, on a crop of the demo pair."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio

from dfpenet_mm.cli.landslide_map import main
from tests.cli.conftest import CHECKPOINT, CONFIG, ROOT


def run(*arguments):
    command = [sys.executable, str(ROOT / 'tools' / 'landslide_map.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope='module')
def mapped(pair, tmp_path_factory):
    post, pre = pair
    out = tmp_path_factory.mktemp('run') / 'out'
    # A reference drawn by hand: two rectangles, one on the crop's upper part, one off the scene.
    reference = out.parent / 'reference.geojson'
    with rasterio.open(post) as scene:
        left, bottom, right, top = scene.bounds
    middle = bottom + (top - bottom) / 2
    ring = [[left, middle], [right, middle], [right, top], [left, top], [left, middle]]
    feature = {'type': 'Feature', 'properties': {}, 'geometry': {'type': 'Polygon'}}
    feature['geometry']['coordinates'] = [ring]
    reference.write_text(json.dumps({'type': 'FeatureCollection', 'features': [feature]}))
    done = run(
        CONFIG, CHECKPOINT, '--post', post, '--pre', pre, '--reference', reference, '--out', out
    )
    assert done.returncode == 0, done.stderr
    return out, done, post


@pytest.fixture(scope='module')
def summary(mapped):
    return json.loads((mapped[0] / 'summary.json').read_text())


@pytest.fixture(scope='module')
def landslides(mapped):
    return gpd.read_file(mapped[0] / 'landslides.gpkg', layer='landslides')


def test_products_are_complete(mapped):
    out, done, _ = mapped
    names = {str(path.relative_to(out)) for path in out.rglob('*') if path.is_file()}
    assert names == {
        'probability.tif',
        'mask.tif',
        'pre_probability.tif',
        'pre_mask.tif',
        'landslides.gpkg',
        'original.gpkg',
        'summary.json',
        'report.html',
        'landslides.qgs',
        'figures/inventory.png',
        'figures/pre_post_comparison.png',
        'figures/recognition_stages.png',
        'figures/segmentation_examples.png',
        'figures/shift.png',
        'evaluation.gpkg',
        'evaluation.png',
        'evaluation.tif',
        'statistics.json',
        'statistics.png',
        'statistics.tif',
    }
    assert all(str(out / name) in done.stdout for name in names)
    assert 'OneDL' not in done.stdout


@pytest.mark.parametrize('name', ['probability.tif', 'mask.tif', 'pre_mask.tif'])
def test_rasters_lie_where_the_scene_lies(mapped, name):
    out, _, post = mapped
    with rasterio.open(out / name) as product, rasterio.open(post) as scene:
        assert product.crs == scene.crs
        assert product.transform == scene.transform
        assert product.shape == scene.shape
        assert product.profile['tiled']
        assert product.profile['compress'] == 'deflate'
        pixels, valid = product.read(1), scene.read(1) != 0
        nodata = np.isnan(pixels) if name == 'probability.tif' else pixels == 255
    if name == 'pre_mask.tif':
        return
    np.testing.assert_array_equal(nodata, ~valid)


def test_landslides_are_found_and_measured_in_square_metres(landslides, summary):
    assert len(landslides) >= 5
    assert landslides['id'].tolist() == list(range(1, len(landslides) + 1))
    geod = pyproj.Geod(ellps='WGS84')
    areas = [abs(geod.geometry_area_perimeter(shape)[0]) for shape in landslides.geometry]
    np.testing.assert_allclose(landslides['area_m2'], areas, rtol=1e-6)
    assert summary['totals']['landslides'] == len(landslides)
    assert summary['totals']['area_m2'] == pytest.approx(sum(areas))


def test_mask_and_inventory_say_the_same(mapped, landslides):
    with rasterio.open(mapped[0] / 'mask.tif') as mask:
        pixels = mask.read(1)
        a, e = mask.transform.a, mask.transform.e
    assert landslides.geometry.area.sum() == pytest.approx((pixels == 1).sum() * abs(a * e))


def test_landslides_are_brighter_than_the_rest_of_the_image(mapped):
    out, _, post = mapped
    with rasterio.open(out / 'mask.tif') as mask, rasterio.open(post) as scene:
        pixels, red = mask.read(1), scene.read(1)
    assert np.median(red[pixels == 1]) > 1.4 * np.median(red[pixels == 0])


def test_pixels_without_pre_event_data_are_kept_and_flagged(mapped, landslides):
    with rasterio.open(mapped[0] / 'pre_mask.tif') as mask:
        assert 0.1 < (mask.read(1) == 255).mean() < 0.9
    assert (landslides['pre_coverage'] == 0).any()
    assert landslides.loc[landslides['pre_coverage'] == 0, 'pre_share'].isna().all()


def test_summary_tells_the_story(summary, landslides):
    hooks = [hook['hook'] for hook in summary['hooks']]
    assert hooks == [
        'GeologicFilter',
        'TemporalDifference',
        'Vectoriser',
        'InventoryStatistics',
        'ConsistencyEvaluator',
    ]
    assert summary['recognised_regions'] == summary['hooks'][0]['regions_in']
    assert summary['hooks'][-1]['regions_out'] == len(landslides)
    assert summary['scene']['gsd_m'] == pytest.approx(8.6, abs=0.1)
    origin = summary['provenance']
    assert len(origin['inputs']['checkpoint']['sha256']) == 64
    assert set(origin['inputs']) == {'config', 'post', 'pre', 'reference', 'checkpoint', 'card'}
    counts = summary['evaluation']['ConsistencyEvaluator']['landslides']
    assert counts['tp'] + counts['fp'] == len(landslides)


def test_summary_compares_the_two_images(summary):
    shift = summary['pre_event']['shift']
    # The two Sentinel-2 images lie about a pixel apart, as usual before 2021.
    assert shift['certain']
    assert 3 < shift['length_m'] < 17
    assert summary['pre_event']['histogram_match']['asked'] == 'auto'
    assert summary['pre_event']['histogram_match']['pixels'] > 10_000


def test_rasters_carry_their_provenance(mapped, summary):
    with rasterio.open(mapped[0] / 'mask.tif') as mask:
        origin = json.loads(mask.tags()['DFPENET_MM'])
    assert origin['inputs'] == summary['provenance']['inputs']


def test_a_second_run_wants_overwrite(mapped, capsys):
    out, _, post = mapped
    before = (out / 'summary.json').read_bytes()
    with pytest.raises(SystemExit) as exit_info:
        main([str(path) for path in (CONFIG, CHECKPOINT, '--post', post, '--out', out)])
    assert exit_info.value.code == 2
    assert 'is not empty' in capsys.readouterr().err
    assert (out / 'summary.json').read_bytes() == before


def test_the_shipped_network_needs_no_names(mapped, tmp_path, monkeypatch, capfd):
    _, _, post = mapped
    monkeypatch.chdir(tmp_path)
    main(['--post', str(post), '--json', '--quiet'])
    printed = capfd.readouterr()
    document = json.loads(printed.out)
    assert document['totals']['landslides'] >= 5
    assert document['backend_choice']
    out = Path('landslides_post')
    assert set(document['files']) == {str(path) for path in out.rglob('*') if path.is_file()}
    predictor = document['provenance']['settings']['mapping']['predictor']
    assert predictor['type'] == ('OpenVinoPredictor' if find_spec('openvino') else 'TorchPredictor')
    warnings = [f'warning: {warning}' for warning in document['warnings']]
    assert printed.err.splitlines() == warnings
    with pytest.raises(SystemExit) as exit_info:
        main(['--post', str(post), '--json'])
    assert exit_info.value.code == 2
    assert 'landslides_post is not empty' in json.loads(capfd.readouterr().out)['error']


@pytest.mark.slow
def test_snow_before_the_event_is_noticed_and_deletes_nothing(tmp_path):
    demo, out = ROOT / 'demo', tmp_path / 'out'
    done = run(
        # A network that has not learnt snow, as its successor has.
        'configs/dfpenet/landslide4sense_mobilenetv2.py',
        'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth',
        *('--post', demo / 'hokkaido_post.tif', '--pre', demo / 'hokkaido_pre.tif', '--out', out),
        *('--cfg-options', 'mapping.predictor.flips=False'),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / 'summary.json').read_text())
    assert summary['pre_event']['histogram_match']['matched']
    assert summary['pre_event']['shift']['length_m'] == pytest.approx(8.9, abs=1)
    difference = summary['results']['TemporalDifference']
    assert difference['pre_to_post'] > 0.5
    assert not difference['trusted']
    assert difference['regions_out'] == difference['regions_in'] > 300
    assert 'snow' in done.stderr
    assert 'have no pre-event data' in done.stderr
