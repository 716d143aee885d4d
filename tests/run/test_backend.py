import json

import numpy as np
import pytest
from mmengine.config import Config

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.files import file_digest
from dfpenet_mm.mapping.network.backend_choice import BackendChoice, Trial
from dfpenet_mm.run.backend import apply_backend, default_backend

MAPPING = {
    'bands': (1, 2, 3),
    'scaling': {'type': 'LinearScale'},
    'predictor': {'type': 'TorchPredictor', 'flips': True, 'landslide_class': 1},
    'window': 16,
    'stride': 16,
}


@pytest.fixture
def config():
    return Config({'model': {'type': 'Any'}, 'mapping': dict(MAPPING)})


@pytest.fixture
def arguments(tmp_path):
    return {'checkpoint': tmp_path / 'net.pth', 'post': tmp_path / 'post.tif', 'device': 'cpu'}


def quantised(folder):
    folder.mkdir()
    (folder / 'card.json').write_text('{}')
    return str(folder)


def test_without_options_the_config_stays(config, arguments):
    assert apply_backend(config, backend=None, **arguments) is None
    assert config.mapping.predictor == MAPPING['predictor']


def test_a_precision_alone_is_for_the_configs_backend(config, arguments):
    apply_backend(config, backend=None, precision='bf16', **arguments)
    assert config.mapping.predictor == {**MAPPING['predictor'], 'precision': 'bf16'}
    config.mapping.predictor.type = 'SomeoneElses'
    with pytest.raises(ConfigError, match='backend is'):
        apply_backend(config, backend=None, precision='bf16', **arguments)


def test_int8_is_found_beside_the_checkpoint(config, arguments, tmp_path):
    beside = quantised(tmp_path / 'net_int8')
    apply_backend(config, backend='openvino', precision='int8', **arguments)
    assert config.mapping.predictor.quantised == beside
    named = quantised(tmp_path / 'other')
    apply_backend(
        config, backend='openvino', precision='int8', quantised=tmp_path / 'other', **arguments
    )
    assert config.mapping.predictor.quantised == named


def test_a_quantised_network_that_would_not_run_is_no_silent_choice(config, arguments, tmp_path):
    folder = tmp_path / 'other'
    for backend, precision in ((None, None), ('torch', None), ('openvino', 'bf16')):
        with pytest.raises(ConfigError, match=r'--quantised .*other was given, but .* would run'):
            apply_backend(
                config, backend=backend, precision=precision, quantised=folder, **arguments
            )
    assert config.mapping.predictor == MAPPING['predictor']


def test_int8_without_its_folder_says_where_it_was_looked_for(config, arguments):
    with pytest.raises(ConfigError, match=r'net_int8 holds none; make one with landslide-map'):
        apply_backend(config, backend='openvino', precision='int8', **arguments)


def test_auto_tries_windows_of_the_scene(config, arguments, tmp_path, monkeypatch):
    rasterio = pytest.importorskip('rasterio')
    transform = rasterio.transform.from_origin(500_000, 4_700_000, 10, 10)
    with rasterio.open(
        arguments['post'], 'w', 'GTiff', 40, 40, 3, 'EPSG:32654', transform, dtype='uint8'
    ) as scene:
        scene.write(np.full((3, 40, 40), 9, np.uint8))
    trial = Trial(
        name='openvino bf16',
        predictor={'type': 'OpenVinoPredictor', 'precision': 'bf16'},
        seconds=1.0,
        agreement=1.0,
    )
    asked = {}

    def choose(**given):
        asked.update(given)
        return BackendChoice.among([trial])

    monkeypatch.setattr('dfpenet_mm.run.backend.choose_backend', choose)
    monkeypatch.setattr('dfpenet_mm.run.backend.NetworkSource.load', lambda source: source)
    beside = quantised(tmp_path / 'net_int8')
    reason = apply_backend(config, backend='auto', **arguments)
    assert reason.startswith('openvino bf16: openvino bf16 takes 1 s a window')
    assert config.mapping.predictor == trial.predictor
    assert asked['chips'].shape == (9, 3, 16, 16)
    assert (asked['chips'] == 9).all()
    assert str(asked['quantised']) == beside
    assert asked['predictor'] == MAPPING['predictor']


def test_auto_chooses_the_precision_itself(config, arguments):
    with pytest.raises(ConfigError, match='--precision bf16 was given with --backend auto'):
        apply_backend(config, backend='auto', precision='bf16', **arguments)


@pytest.fixture
def exported(tmp_path):
    """A folder that passes for an exported network, of a precision."""

    def make(precision):
        folder = tmp_path / f'net_{precision}'
        folder.mkdir()
        files = {'model.xml': b'layers', 'model.bin': b'weights'}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        digests = {name: file_digest(folder / name) for name in files}
        card = {'precision': precision, 'weights': 'w', 'landslide_class': 1, 'files': digests}
        (folder / 'card.json').write_text(json.dumps(card))
        return folder

    return make


def test_an_exported_network_runs_on_openvino_whatever_its_config_says(config, arguments, exported):
    arguments['checkpoint'] = exported('f32')
    apply_backend(config, backend=None, **arguments)
    wanted = {'type': 'OpenVinoPredictor', 'flips': True, 'landslide_class': 1, 'precision': 'f32'}
    assert config.mapping.predictor == wanted
    apply_backend(config, backend='openvino', precision='bf16', **arguments)
    assert config.mapping.predictor == {**wanted, 'precision': 'bf16'}
    beside = exported('int8')
    arguments['checkpoint'] = arguments['checkpoint'].rename(beside.with_name('net_openvino'))
    apply_backend(config, backend=None, precision='int8', **arguments)
    assert config.mapping.predictor.quantised == str(beside)


def test_a_network_in_int8_runs_in_nothing_else(config, arguments, exported):
    arguments['checkpoint'] = exported('int8')
    assert apply_backend(config, backend=None, **arguments) is None
    assert config.mapping.predictor.precision == 'int8'
    assert 'in nothing else' in apply_backend(config, backend='auto', **arguments)
    for backend, precision in (('torch', None), ('openvino', 'bf16')):
        with pytest.raises(ConfigError, match='is a network in int8, which OpenVINO alone runs'):
            apply_backend(config, backend=backend, precision=precision, **arguments)


def test_weights_run_on_pytorch_and_exported_networks_on_openvino():
    assert default_backend('cpu', exported=True)[0] == 'openvino'
    assert default_backend('cuda:0', exported=False)[0] == 'torch'
