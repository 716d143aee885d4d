"""The side-by-side benchmark: what it gives the peers, and how it scores them."""

import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine

from dfpenet_mm.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / 'benchmarks' / 'mapping_peers.py'
TRANSFORM = Affine(10, 0, 0, 0, -10, 0)
MODULES = ('mapping_peers', 'job', 'networks', 'rows', 'scenes')

# A peer that calls everything landslide but the upper left pixel, in a Python without anything.
FAKE = """
import json, sys
from pathlib import Path
import numpy as np, rasterio
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
out = Path(given['--out'])
if given['--settings'] != '{}':
    sys.exit(3)
with rasterio.open(given['--scene']) as dataset:
    profile, labels = dataset.profile, np.ones(dataset.shape, np.uint8)
labels[0, 0] = 255
with rasterio.open(out / 'mask.tif', 'w', **{**profile, 'count': 1}) as dataset:
    dataset.write(labels, 1)
measured = {'job_seconds': 1.0, 'job_cpu_seconds': 0.5, 'peak_gb': 2.5}
(out / 'measured.json').write_text(json.dumps(measured))
"""


@pytest.fixture(scope='module')
def bench():
    """The driver and its neighbours, which are scripts and no package."""
    path, before = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(DRIVER.parent))
    driver = importlib.import_module('mapping_peers')
    yield SimpleNamespace(
        driver=driver, **{name: importlib.import_module(name) for name in MODULES[1:]}
    )
    sys.path[:] = path
    for name in set(MODULES) - before:
        del sys.modules[name]


@pytest.fixture
def image(tmp_path):
    """A scene of 192 x 192 pixels whose 10 columns on the left are nodata."""
    path = tmp_path / 'scene.tif'
    pixels = np.random.default_rng(0).integers(1, 256, (3, 192, 192), np.uint8)
    pixels[:, :, :10] = 0
    profile = {'driver': 'GTiff', 'width': 192, 'height': 192, 'count': 3, 'dtype': 'uint8'}
    with rasterio.open(path, 'w', **profile, transform=TRANSFORM, nodata=0) as dataset:
        dataset.write(pixels)
    return path


def test_mirrored_repeats_without_a_jump(bench):
    image = np.arange(6).reshape(1, 2, 3)
    wide = bench.scenes.mirrored(np.arange(5), np.arange(8), image)[0]
    np.testing.assert_array_equal(wide[0], [0, 1, 2, 2, 1, 0, 0, 1])
    np.testing.assert_array_equal(wide[:, 0], [0, 3, 3, 0, 0])


def test_scene_has_the_collar_and_no_other_nodata(bench, tmp_path):
    scenes = bench.scenes
    path = tmp_path / 'scene.tif'
    bench.scenes.make_scene(path, (1030, 40), 8, source=scenes.SOURCE, config=ROOT / scenes.CONFIG)
    with rasterio.open(path) as dataset:
        pixels = dataset.read()
        assert (dataset.nodata, dataset.profile['blockxsize']) == (0, bench.scenes.TILE)
    assert (pixels[:, :, :8] == 0).all()
    assert (pixels[:, :, 8:] > 0).all()
    # The shipped image has 970 rows.
    np.testing.assert_array_equal(pixels[:, 960:970], pixels[:, 979:969:-1])


def test_seam_network_sees_its_radius_and_no_further(bench):
    network = bench.networks.SeamNetwork().eval()
    radius = bench.networks.RADIUS
    chips = torch.rand(1, 3, 101, 101) * 255
    changed = chips.clone()
    changed[:, :, 50, 50] += 100
    with torch.no_grad():
        moved = (network.logits(chips) - network.logits(changed)).abs()[0] > 1e-6
    rows = torch.nonzero(moved.any(dim=1)).flatten()
    assert (rows.min(), rows.max()) == (50 - radius, 50 + radius)


@pytest.mark.filterwarnings('ignore:.*torch.jit:FutureWarning')
def test_seam_input_is_balanced_and_its_file_gives_the_exact_answer(bench, image, tmp_path):
    networks = bench.networks
    path, exact = tmp_path / 'network.pt', tmp_path / 'exact.npy'
    networks.save_seam_network(path, 192, scene=image, exact=exact)
    expected = np.load(exact)
    assert abs((expected >= 0.5).mean() - 0.5) < 0.01
    with rasterio.open(image) as dataset:
        chip = torch.from_numpy(dataset.read())[None]
    with torch.inference_mode():
        found = torch.jit.load(path)(chip)
    assert found.shape == (1, 1, 192, 192)
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-5)


def test_peak_lies_between_what_is_held_and_what_the_kernel_counts(bench):
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    held = pages * resource.getpagesize()
    assert held / 1e9 * 0.99 < bench.job.peak_gb() < most / 1e9 * 1.01


def test_wrong_labels_count_away_from_the_border(bench, tmp_path):
    probability = np.zeros((200, 200), np.float32)
    probability[100, 100] = 0.5
    np.save(tmp_path / 'exact.npy', probability)
    labels = np.zeros((200, 200), np.uint8)
    labels[63, 100] = 1
    assert bench.driver.wrong_labels(labels, tmp_path / 'exact.npy') == 1
    labels[64, 100] = 1
    assert bench.driver.wrong_labels(labels, tmp_path / 'exact.npy') == 2
    labels[100, 100] = 1
    assert bench.driver.wrong_labels(labels, tmp_path / 'exact.npy') == 1


def test_score_compares_with_the_first_row_beside_the_collar(bench, tmp_path):
    first = tmp_path / 'first.npy'
    labels = np.array([[255, 0, 1, 0, 0], [255, 0, 0, 0, 0]], np.uint8)
    found = bench.driver.score(labels, first, 1)
    assert found == {'collar_labelled': 0.0, 'collar_landslide': 0, 'agreement': 1.0}
    other = np.array([[1, 0, 0, 0, 0], [255, 0, 0, 0, 0]], np.uint8)
    found = bench.driver.score(other, first, 1)
    assert found == {'collar_labelled': 0.5, 'collar_landslide': 1, 'agreement': 7 / 8}


def fake_run(bench, image, tmp_path, settings):
    (tmp_path / 'fake.py').write_text(FAKE)
    exact = tmp_path / 'exact.npy'
    np.save(exact, np.where(np.arange(192) < 96, 0.9, 0.1) * np.ones((192, 1)))
    scenes = bench.scenes
    peer = bench.rows.Peer(
        name='fake', script=str(tmp_path / 'fake.py'), folder='fake', here=True, settings=settings
    )
    mapped = scenes.PeerInput(scene=image, network=tmp_path / 'none.pt', collar=10)
    seam = scenes.PeerInput(scene=image, network=tmp_path / 'none.pt', exact=exact)
    args = bench.driver.parse_arguments(
        ['--size', '192x192', '--window', '64', '--stride', '48', '--seam-side', '192']
    )
    return bench.driver.measure(peer, (mapped, seam), tmp_path, args)


def test_a_peer_is_measured_and_scored(bench, image, tmp_path):
    found = fake_run(bench, image, tmp_path, {})
    assert found['collar_landslide'] == 10 * 192 - 1
    assert found['collar_labelled'] == 1 - 1 / (10 * 192)
    # Of the 64 x 64 pixels away from the border the right half is wrong.
    assert found['wrong_labels'] == 64 * 32
    assert found['job_cpu_seconds'] == 0.5
    assert found['process_cpu_seconds'] > 0
    assert found['peak_gb'] == 2.5
    assert not list(tmp_path.glob('tmp*'))
    (line,) = list(bench.driver.table([found]))[2:]
    assert line.startswith('| fake | 192x192 |')
    assert '| 2,048 |' in line


def test_a_failing_peer_is_one_sentence(bench, image, tmp_path):
    with pytest.raises(ConfigError, match=r'fake failed with exit code 3; see .*log.txt'):
        fake_run(bench, image, tmp_path, {'fail': 'yes'})


def test_missing_environments_are_left_out(bench, tmp_path, capsys):
    python = tmp_path / 'monai' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    args = bench.driver.parse_arguments(['--venvs', str(tmp_path)])
    names = [peer.name for peer in bench.driver.wanted_rows(args)]
    assert 'MONAI' in names
    assert 'dfpenet_mm, auto' in names
    assert not {'TerraTorch', 'geoai-py', 'dfpenet_mm, openvino int8'} & set(names)
    said = capsys.readouterr().err.splitlines()
    assert 'TerraTorch is left out: no terratorch/bin/python in --venvs' in said
    assert 'dfpenet_mm, openvino int8 is left out: it needs --quantised' in said


@pytest.mark.parametrize(
    'arguments', [['--stride', '600'], ['--size', '8192x500'], ['--seam-side', '600']]
)
def test_sizes_that_do_not_fit_are_refused(bench, arguments):
    with pytest.raises(ConfigError, match=r'window 512 and stride .* do not fit'):
        bench.driver.parse_arguments(arguments)


def test_what_is_known_is_not_run_again(bench, tmp_path, monkeypatch, capsys):
    results = tmp_path / 'results.jsonl'
    known = {'peer': 'dfpenet_mm, auto', 'size': '8192x8192'}
    results.write_text(json.dumps(known) + '\n')
    ran = []

    def measure(peer, *_others):
        ran.append(peer.name)
        if 'f32' in peer.name:
            raise ConfigError('broken')
        return {'peer': peer.name, 'size': '8192x8192'}

    for name in ('mapping_input', 'seam_input'):
        monkeypatch.setattr(bench.driver, name, lambda *_args, **_kwargs: None)
    monkeypatch.setattr(bench.driver, 'measure', measure)
    monkeypatch.setattr(bench.driver.os, 'sched_setaffinity', lambda *_args: None)
    args = bench.driver.parse_arguments(
        ['--json', str(results), '--only', 'auto', 'openvino f32', 'torch fp32']
    )
    found = bench.driver.run(args, tmp_path)
    assert ran == ['dfpenet_mm, torch fp32', 'dfpenet_mm, openvino f32']
    assert [result['peer'] for result in found] == ['dfpenet_mm, auto', 'dfpenet_mm, torch fp32']
    assert bench.driver.known_results(results) == found
    assert 'broken' in capsys.readouterr().err


@pytest.mark.slow
def test_our_own_row(tmp_path):
    results = tmp_path / 'results.jsonl'
    command = [sys.executable, str(DRIVER), '--only', 'TorchScript', '--json', str(results)]
    command += ['--size', '160x128', '--collar', '20', '--seam-side', '192']
    command += ['--window', '64', '--stride', '48', '--folder', str(tmp_path / 'work')]
    command += ['--core', str(min(os.sched_getaffinity(0)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (result,) = map(json.loads, results.read_text().splitlines())
    assert (result['size'], result['agreement']) == ('160x128', 1.0)
    assert (result['collar_labelled'], result['collar_landslide']) == (0.0, 0)
    # In 64 x 64 pixels, windows of twice the receptive radius.
    assert 0 <= result['wrong_labels'] < 64 * 64 / 2
