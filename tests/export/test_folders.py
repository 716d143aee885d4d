"""Whole exports of a network of two convolutions."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.export import onnx_folder
from dfpenet_mm.export.onnx_folder import export_onnx
from dfpenet_mm.export.openvino_folder import QuantisedScores, export_float, export_quantised
from dfpenet_mm.export.quantise import RECIPES, Recipe
from dfpenet_mm.mapping.network.openvino_network import openvino_library
from dfpenet_mm.mapping.network.predictor_openvino import OpenVinoPredictor
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork


class Network(nn.Module):
    def __init__(self, classes=2):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.classify = nn.Conv2d(8, classes, 1)
        self.cfg = Config({'model': {'type': 'Network'}})

    def encode_decode(self, inputs, _):
        return self.classify(self.conv(inputs / 255).relu())


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv('DFPENET_MM_CACHE', str(tmp_path / 'cache'))


@pytest.fixture
def chips():
    return np.random.default_rng(0).uniform(0, 255, (4, 3, 16, 16)).astype(np.float32)


@pytest.fixture
def network():
    return ProbabilityNetwork(model=Network())


def needs(*packages):
    missing = [name for name in packages if find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f'{missing} not installed')


def scores(agreement, before=60.0, after=60.0):
    return QuantisedScores('a', before, after, agreement)


@pytest.mark.parametrize(
    ('found', 'passes'),
    [
        (scores(0.996), True),
        (scores(0.994), False),
        (scores(0.999, after=59.4), False),
        (scores(0.999, after=60.4), True),
        (scores(0.999, None, None), True),
        (scores(0.999, None, 60.0), False),
    ],
)
def test_bars(found, passes):
    assert found.passes is passes


@needs('openvino', 'nncf')
def test_a_quantised_network_serves_the_predictor(network, chips, tmp_path):
    exact = TorchPredictor(model=Network())(chips)
    # The truth is what the network finds: IoU before is 100.
    truth = (exact >= 0.5).astype(np.uint8)
    told = []
    card = export_quantised(
        network,
        chips=chips,
        samples=lambda: zip(chips, truth, strict=True),
        threshold=0.5,
        out=tmp_path / 'int8',
        recipes=RECIPES[:1],
        tell=told.append,
        calibration='noise',
    )
    assert json.loads((tmp_path / 'int8' / 'card.json').read_text())['files'] == card['files']
    assert (card['calibration'], card['calibration_windows']) == ('noise', 4)
    assert card['validation']['iou_before'] == 100
    assert card['validation']['agreement'] == told[0].agreement > 0.97
    assert card['passes'] is told[0].passes
    model = openvino_library().Core().read_model(tmp_path / 'int8' / 'model.xml')
    kinds = [node.get_type_name() for node in model.get_ops()]
    assert kinds.count('FakeQuantize') >= 2
    predict = OpenVinoPredictor(model=Network(), precision='int8', quantised=tmp_path / 'int8')
    assert np.abs(predict(chips) - exact).max() < 0.05
    wide = np.concatenate([chips, chips], axis=3)
    assert predict(wide).shape == (4, 16, 32)


@needs('openvino', 'nncf')
def test_recipes_are_tried_until_one_is_close_enough(network, chips, tmp_path, monkeypatch):
    grades = iter([0.99, 0.991, 0.98])
    monkeypatch.setattr(
        'dfpenet_mm.export.openvino_folder._score',
        lambda *given: QuantisedScores(given[2].name, None, None, next(grades)),
    )
    recipes = [Recipe(name=name, preset='mixed') for name in 'abc']
    card = export_quantised(
        network,
        chips=chips[:1],
        samples=lambda: iter([]),
        threshold=0.5,
        out=tmp_path / 'int8',
        recipes=recipes,
    )
    assert (card['validation']['recipe'], card['passes']) == ('b', False)


@needs('openvino', 'nncf')
def test_scars_and_deposits_are_exported_as_one(chips, tmp_path):
    exact = TorchPredictor(model=Network(3), landslide_class=(1, 2))(chips)
    card = export_quantised(
        ProbabilityNetwork(model=Network(3), landslide_class=(1, 2)),
        chips=chips,
        # Kinds taken for one another are found all the same.
        samples=lambda: zip(chips, np.where(exact >= 0.5, 2, 0), strict=True),
        threshold=0.5,
        out=tmp_path / 'int8',
        recipes=RECIPES[:1],
    )
    assert (card['landslide_class'], card['validation']['iou_before']) == ([1, 2], 100)
    settings = {'precision': 'int8', 'quantised': tmp_path / 'int8'}
    predict = OpenVinoPredictor(model=Network(3), landslide_class=(1, 2), **settings)
    assert np.abs(predict(chips) - exact).max() < 0.05


@needs('openvino')
def test_float_files_compute_what_torch_does(network, chips, tmp_path):
    card = export_float(network, shape=(3, 16, 16), out=tmp_path / 'f32')
    assert (card['precision'], sorted(card['files'])) == ('f32', ['model.bin', 'model.xml'])
    core = openvino_library().Core()
    compiled = core.compile_model(
        core.read_model(tmp_path / 'f32' / 'model.xml'), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'}
    )
    expected = TorchPredictor(model=Network())(chips[:1])
    np.testing.assert_allclose(compiled(chips[:1])[0], expected, atol=1e-5)


@pytest.mark.slow
@needs('onnx', 'onnxscript', 'onnxruntime')
def test_onnx_files_compute_what_torch_does(chips, tmp_path):
    network = ProbabilityNetwork(model=Network(3), landslide_class=(1, 2))
    card = export_onnx(network, shape=(3, 16, 16), out=tmp_path / 'onnx')
    assert card['difference'] < 1e-5
    import onnxruntime  # noqa: PLC0415

    session = onnxruntime.InferenceSession(tmp_path / 'onnx' / 'model.onnx')
    assert [value.name for value in session.get_outputs()] == ['probability']
    found = session.run(None, {'chips': chips[:1]})[0]
    expected = TorchPredictor(model=Network(3), landslide_class=(1, 2))(chips[:1])
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
@needs('onnx', 'onnxscript', 'onnxruntime')
def test_an_onnx_file_that_differs_is_not_kept(network, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_folder, 'TOLERANCE', -1)
    with pytest.raises(ConfigError, match='differs from PyTorch by'):
        export_onnx(network, shape=(3, 16, 16), out=tmp_path / 'onnx')
    assert list(tmp_path.iterdir()) == []
