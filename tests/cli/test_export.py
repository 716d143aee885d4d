"""``landslide-map export`` as a user starts it; exports themselves are tested in tests/export."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.config_file import read_run_config
from dfpenet_mm.configs import load_config
from dfpenet_mm.mapping.network.card import NetworkCard, shipped_cards
from dfpenet_mm.mapping.network.converted_network import weights_digest
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.predictor import build_predictor

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/dfpenet/landslide4sense_mobilenetv2.py'
CHECKPOINT = ROOT / 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'


def run(*arguments, config=CONFIG, checkpoint=CHECKPOINT):
    main(['export', str(config), str(checkpoint), *map(str, arguments)])


@pytest.fixture
def chips(tmp_path):
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    rng = np.random.default_rng(0)
    for index in range(3):
        pixels = rng.integers(0, 200, (64, 64, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'images/{index}.png')
        mask = (rng.uniform(size=(64, 64)) > 0.5).astype(np.uint8) * 255
        Image.fromarray(mask).save(tmp_path / f'masks/{index}.png')
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(find_spec('nncf') is None, reason='NNCF is not installed')
def test_int8_of_the_shipped_network(chips, tmp_path, capsys):
    out = tmp_path / 'int8'
    run('--precision', 'int8', '--calibration', chips / 'images', '--validation', chips,
        '--out', out, '--json')  # fmt: skip
    told = capsys.readouterr().out
    card = json.loads(told)
    assert json.loads((out / 'card.json').read_text()) == card
    assert card['calibration_windows'] == 3
    assert card['validation']['agreement'] > 0.9
    assert str(tmp_path) not in told
    # What the network states about itself travels with it, under the same reader.
    beside = NetworkCard.read(CHECKPOINT.with_suffix('.json'))
    assert NetworkCard.read(out / 'card.json') == replace(beside, path=out / 'card.json')
    assert ExportedNetwork.read(out).precision == 'int8'


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """The first shipped network, exported with other settings for mapping and hooks of a user."""
    folder = tmp_path_factory.mktemp('export')
    (folder / 'mine.py').write_text(
        f"_base_ = ['{CONFIG}']\n"
        'mapping = dict(window=64, threshold=0.7)\n'
        "custom_imports = dict(imports=['dfpenet_mm.models', 'json'])\n"
        "postproc = [dict(type='Vectoriser')]\n"
    )
    run('--out', folder / 'network', config=folder / 'mine.py')
    return folder / 'network'


def test_an_exported_network_has_the_settings_of_its_config(exported):
    mapping = read_run_config(exported / 'mapping.json').to_dict()
    wanted = load_config(CONFIG).to_dict()['mapping'] | {'window': 64, 'threshold': 0.7}
    predictor = {**wanted['predictor'], 'type': 'OpenVinoPredictor', 'precision': 'f32'}
    assert mapping['mapping'] == json.loads(json.dumps({**wanted, 'predictor': predictor}))
    assert mapping['postproc'] == [{'type': 'Vectoriser'}]
    # Parts of networks are in the file; hooks of others are not.
    assert mapping['custom_imports']['imports'] == ['json']


def test_an_exported_network_predicts_what_its_weights_do(exported):
    model = load_model(CONFIG, CHECKPOINT)
    network = ExportedNetwork.read(exported)
    assert network.card['weights'] == weights_digest(model)
    chips = np.random.default_rng(0).uniform(0, 200, (1, 3, 64, 64)).astype(np.float32)
    f32 = {'type': 'OpenVinoPredictor', 'precision': 'f32'}
    found = build_predictor(f32, model=network, device='cpu')(chips)
    expected = build_predictor({'type': 'TorchPredictor'}, model=model, device='cpu')(chips)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize('card', shipped_cards(), ids=lambda card: card.path.stem)
def test_the_shipped_networks_are_those_of_their_weights_and_configs(card):
    """Whoever trains, calibrates or configures one anew exports it anew."""
    network = ExportedNetwork.read(card.exported)
    assert network.card['network'] == card.to_dict()
    assert network.card['weights'] == weights_digest(load_model(card.config_file, card.weights))
    assert network.precision == 'f32'
    wanted = load_config(card.config_file).to_dict()
    found = read_run_config(card.exported / 'mapping.json').to_dict()
    for sections in (wanted, found):
        for name in ('type', 'precision'):
            sections['mapping']['predictor'].pop(name, None)
    assert found == json.loads(json.dumps({name: wanted[name] for name in found}))
    assert sorted(found) == ['mapping', 'postproc']


def test_a_card_of_other_weights_is_refused_first(tmp_path, capsys):
    weights = tmp_path / 'weights.pth'
    weights.write_bytes(b'others')
    (tmp_path / 'weights.json').write_bytes(CHECKPOINT.with_suffix('.json').read_bytes())
    with pytest.raises(SystemExit) as end:
        run(checkpoint=weights)
    told = capsys.readouterr()
    assert (end.value.code, told.out) == (2, '')
    assert 'their card weights.json was written for' in told.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ['weights.json', 'weights.pth']


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (('--precision', 'int8'), '--precision int8 needs real windows'),
        (
            ('--precision', 'int8', '--backend', 'onnx'),
            'int8 is for --backend openvino',
        ),
        (('--samples', '0'), '--samples is 0; give at least 1'),
        (('--out', 'configs'), 'configs exists; remove it'),
    ],
)
def test_bad_input_is_one_sentence(arguments, complaint, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as end:
        run(*arguments)
    told = capsys.readouterr()
    assert (end.value.code, told.out) == (2, '')
    assert told.err.startswith('error: ')
    assert complaint in told.err
    assert told.err.count('\n') == 1
