from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from torch import nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.network import backend_choice
from dfpenet_mm.mapping.network.backend_choice import BackendChoice, Trial, choose_backend
from dfpenet_mm.mapping.network.exported_network import ExportedNetwork

CHIPS = np.random.default_rng(0).uniform(0, 1, (3, 1, 20, 20)).astype(np.float32)


class Stub:
    """Labels a share of the pixels wrongly, in its time by a clock that only it moves."""

    clock = 0.0

    def __init__(self, seconds, wrong):
        self.seconds = seconds
        self.wrong = wrong

    def __call__(self, chips):
        Stub.clock += self.seconds
        probability = chips[:, 0].copy()
        flat = probability.reshape(len(chips), -1)
        flat[:, : self.wrong] = 1 - flat[:, : self.wrong]
        return probability


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('DFPENET_MM_CACHE', str(tmp_path / 'cache'))


@pytest.fixture
def model():
    network = nn.Conv2d(1, 1, 1)
    network.cfg = Config({'model': {'type': 'Any'}})
    return network


@pytest.fixture
def machine(monkeypatch):
    """Say which predictors there are: seconds and wrong pixels of 400 by name."""

    def install(stubs):
        built = []

        def build(config, **_):
            name = config['name']
            built.append((name, config.get('flips')))
            if isinstance(stubs[name], Exception):
                raise stubs[name]
            return Stub(*stubs[name])

        configs = {name: {'name': name, 'flips': True} for name in stubs}
        monkeypatch.setattr(backend_choice, 'candidate_backends', lambda *_, **__: configs)
        monkeypatch.setattr(backend_choice, 'build_predictor', build)
        clock = SimpleNamespace(perf_counter=lambda: Stub.clock)
        monkeypatch.setattr(backend_choice, 'time', clock)
        return built

    return install


def test_the_fastest_that_agrees_is_taken(machine, model):
    built = machine(
        {'torch fp32': (0.03, 0), 'openvino bf16': (0.012, 0), 'openvino int8': (0.001, 3)}
    )
    choice = choose_backend(model=model, predictor={}, chips=CHIPS)
    # 3 wrong pixels of 400 are more than int8 may have.
    assert choice.predictor == {'name': 'openvino bf16', 'flips': True}
    assert choice.reason.startswith('openvino bf16: openvino bf16 takes 0.01')
    assert 'openvino int8 takes' in choice.reason
    assert '99.250% of labels as in float32 (99.5% are wanted)' in choice.reason
    assert [trial.name for trial in choice.trials] == [
        'openvino bf16',
        'torch fp32',
        'openvino int8',
    ]
    # Tried as it will run.
    assert {flips for _, flips in built} == {True}


def test_what_does_not_run_here_is_passed_over(machine, model):
    machine({'torch fp32': (0.0, 0), 'openvino bf16': ConfigError('no bfloat16; give f32')})
    choice = choose_backend(model=model, predictor={}, chips=CHIPS)
    assert choice.predictor['name'] == 'torch fp32'
    assert 'openvino bf16 is not for here (no bfloat16; give f32)' in choice.reason


def test_the_verdict_is_kept(machine, model):
    built = machine({'torch fp32': (0.0, 0), 'torch bf16': (0.02, 0)})
    first = choose_backend(model=model, predictor={}, chips=CHIPS)
    count = len(built)
    assert choose_backend(model=model, predictor={}, chips=CHIPS.copy()) == first
    assert len(built) == count
    # Another scene may agree less.
    choose_backend(model=model, predictor={}, chips=1 - CHIPS)
    assert len(built) == 2 * count


def test_a_quantised_network_that_missed_its_bars_is_not_taken(machine, model, monkeypatch):
    machine({'torch fp32': (0.0, 0), 'openvino int8': (0.0, 0)})
    configs = {name: {'name': name} for name in ('torch fp32', 'openvino int8')}
    configs['openvino int8']['quantised'] = 'folder'
    monkeypatch.setattr(backend_choice, 'candidate_backends', lambda *_, **__: configs)
    card = ExportedNetwork(Path('folder'), {'passes': False})
    monkeypatch.setattr(backend_choice.ExportedNetwork, 'read', lambda _: card)
    choice = choose_backend(model=model, predictor={}, chips=CHIPS)
    assert choice.predictor == {'name': 'torch fp32'}
    assert 'openvino int8 is not for here (its card says it misses its bars)' in choice.reason


def test_a_network_that_does_not_run_at_all_is_an_error(machine, model):
    machine({'torch fp32': ConfigError('no such class')})
    with pytest.raises(ConfigError, match='no such class'):
        choose_backend(model=model, predictor={}, chips=CHIPS)
    with pytest.raises(ConfigError, match='no chips'):
        choose_backend(model=model, predictor={}, chips=CHIPS[:0])


def test_a_choice_is_written_and_read():
    trials = (
        Trial(name='torch bf16', predictor={'a': 1}, seconds=2.0, agreement=0.9995),
        Trial(name='torch fp32', predictor={'b': [1]}, seconds=3.0, agreement=1.0),
        Trial(name='openvino f32', predictor={}, fault='not installed'),
    )
    choice = BackendChoice.among(trials[::-1])
    assert choice.predictor == {'a': 1}
    assert BackendChoice.from_json(choice.to_json()) == choice


def test_what_this_machine_really_has():
    """The real candidates, on a network that any of them runs."""

    class Preprocessed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 1)
            self.cfg = Config({'model': {'type': 'Any'}})

        def encode_decode(self, inputs, _):
            return self.conv(inputs)

    choice = choose_backend(
        model=Preprocessed(), predictor={'type': 'TorchPredictor', 'flips': True}, chips=CHIPS
    )
    assert choice.predictor['flips'] is True
    exact = next(trial for trial in choice.trials if trial.name == 'torch fp32')
    assert exact.agreement == 1.0
    assert exact.fault is None
