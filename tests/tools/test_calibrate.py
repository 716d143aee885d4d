"""``tools/calibrate.py``: from masks to a card, and what it refuses."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.calibration import fit_platt
from dfpenet_mm.errors import ConfigError, DfpenetError
from dfpenet_mm.mapping.network.card import NetworkCard
from dfpenet_mm.mapping.scene.novelty import KnownGround
from dfpenet_mm.reliability import ProbabilityCounts

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/dfpenet/landslide4sense_mobilenetv2.py'
WEIGHTS = ROOT / 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('calibrate', ROOT / 'tools/calibrate.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'net.pth'
    path.symlink_to(WEIGHTS)
    return path


def images(folder, masks=None, number=4, side=64):
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(number):
        pixels = rng.integers(0, 200, (side, side, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f'images/{index}.png')
        mask = (rng.uniform(size=(side, side)) > 0.5) if masks is None else masks
        Image.fromarray(np.uint8(mask) * 255).save(folder / f'masks/{index}.png')
    return folder


def run(tool, monkeypatch, checkpoint, *arguments):
    command = ['calibrate.py', str(CONFIG), str(checkpoint), *map(str, arguments)]
    monkeypatch.setattr(sys, 'argv', command)
    return tool.calibrate(tool.parse_arguments())


def rising(monkeypatch, tool):
    """Let the network see a landslide where the mask will have one: its red band."""
    monkeypatch.setattr(
        tool.NetworkSource, 'build', lambda _: lambda chips: chips[:, 0] / np.float32(255)
    )


def test_a_card_is_written_and_renewed(tool, monkeypatch, checkpoint, tmp_path, capsys):
    rising(monkeypatch, tool)
    folder = tmp_path / 'data'
    images(folder)
    for file in sorted((folder / 'images').iterdir()):
        red = np.asarray(Image.open(file))[..., 0]
        noise = np.random.default_rng(1).normal(0, 40, red.shape)
        Image.fromarray(np.uint8(red + noise > 100) * 255).save(folder / 'masks' / file.name)
    asked = ('--scenes', folder, 2, 2, 4, '--ground', folder, 2, '--fitted-on', 'noise')
    path = run(tool, monkeypatch, checkpoint, *asked)
    card = NetworkCard.read(path)
    card.require_weights(WEIGHTS)
    assert path == checkpoint.with_suffix('.json')
    assert sorted(card.calibration.points) == [2, 4]
    assert card.calibration.fitted_on == 'noise'
    assert card.pixel_sizes == (5, 20)
    assert 0.2 < card.threshold < 0.8
    assert sorted(card.calibration.thresholds) == [2, 4]
    assert KnownGround.from_dict(card.novelty).limit > 0
    told = capsys.readouterr().out
    assert '2 m, 4 images: before ECE' in told
    assert 'on images not fitted on' in told
    values = json.loads(path.read_text()) | {'never_seen': ['snow']}
    path.write_text(json.dumps(values))
    run(tool, monkeypatch, checkpoint, '--scenes', folder, 2)
    again = NetworkCard.read(path)
    assert again.never_seen == ('snow',)
    assert again.novelty == card.novelty
    assert sorted(again.calibration.points) == [2]
    assert not again.calibration.thresholds


@pytest.mark.parametrize(
    'case',
    [
        (None, [], 'nothing to calibrate on; give --chips METRES'),
        (np.zeros((64, 64)), ['--scenes', 'DATA', 2], 'masks show no landslide'),
        (np.ones((64, 64)), ['--scenes', 'DATA', 2], 'nothing but landslides'),
        (np.eye(32), ['--scenes', 'DATA', 2], r'rows and columns and its mask \(32, 32\)'),
        (None, ['--scenes', 'EMPTY', 2], 'EMPTY'),
        (None, ['--scenes', 'DATA'], 'is no folder with a pixel size'),
        (None, ['--scenes', 'DATA', 2, 1], 'larger sizes to work in'),
        (None, ['--scenes', 'DATA', 'two'], 'is no folder with a pixel size'),
    ],
)
def test_bad_input_is_one_sentence(tool, monkeypatch, checkpoint, tmp_path, case):
    masks, arguments, said = case
    rising(monkeypatch, tool)
    images(tmp_path / 'DATA', masks, number=2)
    (tmp_path / 'EMPTY/images').mkdir(parents=True)
    (tmp_path / 'EMPTY/masks').mkdir(parents=True)
    paths = [tmp_path / part if part in ('DATA', 'EMPTY') else part for part in arguments]
    with pytest.raises(DfpenetError, match=said):
        run(tool, monkeypatch, checkpoint, *paths)
    assert not checkpoint.with_suffix('.json').exists()


def test_every_pixel_size_has_the_threshold_of_its_best_f1(tool):
    """Of a calibrated probability that is half the best F1 (Lipton et al. 2014)."""
    values = np.linspace(0.01, 0.99, 99).repeat(1000)
    rng = np.random.default_rng(0)
    found = {
        size: [ProbabilityCounts.of(values, rng.random(len(values)) < chance)]
        for size, chance in ((2.0, values), (4.0, values / (8 - 7 * values)))
    }
    calibration, usual = tool.fit(found, 'noise')
    limits = []
    for size, (counts,) in found.items():
        better = counts.calibrated(calibration.points[size].apply)
        best = max(better.f1(step / 100) for step in range(100))
        limits.append(calibration.threshold_at(size, usual))
        assert limits[-1] == pytest.approx(best / 2, abs=0.03)
    assert limits[0] > limits[1] + 0.05


def test_every_image_is_held_out_once(tool):
    """Two images of a network that is too sure and one where it is right, by hand."""
    values = np.linspace(0.1, 0.9, 9).repeat(1000)
    rng = np.random.default_rng(0)
    sure, right = (
        ProbabilityCounts.of(values, rng.random(len(values)) < chance)
        for chance in (0.5 + (values - 0.5) / 2, values)
    )
    images = [sure, right, sure]
    checked = ProbabilityCounts()
    for one, others in ((sure, right + sure), (right, sure + sure), (sure, sure + right)):
        checked += one.calibrated(fit_platt(others).apply).recounted()
    assert tool.held_out(images)[0] == pytest.approx(checked.expected_error())
    assert tool.held_out(images)[0] > 1.5 * tool.held_out([sure, sure, sure])[0]
    assert tool.held_out([sure]) is None


def test_many_images_are_held_out_in_ten_parts(tool, monkeypatch):
    fits = []
    monkeypatch.setattr(tool, 'fit_platt', lambda counts: fits.append(counts) or fit_platt(counts))
    values = np.linspace(0.1, 0.9, 90)
    images = [ProbabilityCounts.of(values, values > 0.4 + n / 100) for n in range(12)]
    tool.held_out(images)
    assert [int(counts.pixels.sum()) // 90 for counts in fits] == [10] * 2 + [11] * 8


def test_a_constant_probability_is_refused(tool, monkeypatch, checkpoint, tmp_path):
    monkeypatch.setattr(
        tool.NetworkSource, 'build', lambda _: lambda chips: np.full_like(chips[:, 0], 0.5)
    )
    folder = images(tmp_path / 'data', number=2)
    with pytest.raises(ConfigError, match=r'every pixel the probability 0\.5'):
        run(tool, monkeypatch, checkpoint, '--scenes', folder, 2)
