import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from dfpenet_mm.errors import CheckpointError, ConfigError, InputFileError
from dfpenet_mm.files import file_digest
from dfpenet_mm.mapping.network import converted_network, predictor_openvino
from dfpenet_mm.mapping.network.card import NetworkCard
from dfpenet_mm.mapping.network.converted_network import convert_to_openvino, weights_digest
from dfpenet_mm.mapping.network.exported_network import (
    CARD,
    ExportedNetwork,
    exported_beside,
)
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.openvino_network import (
    openvino_library,
    with_shape,
)
from dfpenet_mm.mapping.network.predictor import build_predictor
from dfpenet_mm.mapping.network.predictor_openvino import OpenVinoPredictor
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
from dfpenet_mm.resources import checkpoint_dir

if find_spec('openvino') is None:
    pytest.skip('OpenVINO is not installed', allow_module_level=True)
openvino = openvino_library()


class Preprocessor(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.tensor([100.0, 110, 120]).view(3, 1, 1), False)
        self.register_buffer('std', torch.tensor([50.0, 60, 70]).view(3, 1, 1), False)


class Network(nn.Module):
    """Has what a predictor uses of an mmseg EncoderDecoder."""

    def __init__(self, classes=3):
        super().__init__()
        torch.manual_seed(0)
        self.data_preprocessor = Preprocessor()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.classify = nn.Conv2d(8, classes, 1)
        self.cfg = Config({'model': {'type': 'Network', 'classes': classes}})

    def encode_decode(self, inputs, batch_img_metas):
        logits = self.classify(self.norm(self.conv(inputs)).relu())
        return nn.functional.interpolate(
            logits, size=batch_img_metas[0]['img_shape'], mode='bilinear', align_corners=True
        )


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('DFPENET_MM_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


@pytest.fixture
def chips():
    return np.random.default_rng(0).uniform(0, 255, (3, 3, 8, 10)).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    """A folder as landslide-map export writes it, though nothing in it is quantised."""
    place = tmp_path / 'int8'
    place.mkdir()
    network = ProbabilityNetwork(model=Network())
    openvino.save_model(convert_to_openvino(network, (1, 3, 16, 16)), place / 'model.xml')
    card = {
        'weights': weights_digest(network.model),
        'landslide_class': 1,
        'precision': 'int8',
        'files': {path.name: file_digest(path) for path in place.iterdir()},
    }
    (place / CARD).write_text(json.dumps(card))
    return place


@pytest.mark.parametrize('flips', [True, False])
@pytest.mark.parametrize('streams', [1, 2])
def test_f32_is_what_torch_predicts(flips, streams, chips):
    settings = {'landslide_class': 2, 'flips': flips}
    expected = TorchPredictor(model=Network(), **settings)(chips)
    config = {'type': 'OpenVinoPredictor', 'precision': 'f32', 'streams': streams, **settings}
    found = build_predictor(config, model=Network(), device='cpu')(chips)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_kinds_of_landslide_add_up(chips):
    expected = TorchPredictor(model=Network(), landslide_class=(1, 2))(chips)
    found = OpenVinoPredictor(model=Network(), precision='f32', landslide_class=(1, 2))(chips)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_output_is_a_logit(chips):
    expected = TorchPredictor(model=Network(classes=1))(chips)
    found = OpenVinoPredictor(model=Network(classes=1), precision='f32')(chips)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_probability_does_not_depend_on_its_batch(chips):
    predict = OpenVinoPredictor(model=Network(), precision='f32')
    alone = [predict(chip[None])[0] for chip in chips]
    np.testing.assert_array_equal(predict(chips), alone)
    # Another size is compiled beside the first.
    assert predict(chips[..., :6]).shape == (3, 8, 6)
    np.testing.assert_array_equal(predict(chips[:1])[0], alone[0])


def test_reduced_precision_comes_close(chips):
    if 'BF16' not in openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        pytest.skip('this CPU has no bfloat16')
    full = OpenVinoPredictor(model=Network(), precision='f32')(chips)
    assert np.abs(OpenVinoPredictor(model=Network())(chips) - full).max() < 0.05


def test_the_compiled_network_is_made_once(chips, cache, monkeypatch):
    expected = OpenVinoPredictor(model=Network(), precision='f32')(chips)
    assert len(list(cache.iterdir())) == 1

    def never(*_):
        raise AssertionError('converted again')

    monkeypatch.setattr(converted_network, 'convert_to_openvino', never)
    again = OpenVinoPredictor(model=Network(), precision='f32')(chips)
    np.testing.assert_array_equal(again, expected)
    other = Network()
    other.classify.bias.data += 1
    for model, settings in [(other, {}), (Network(), {'landslide_class': 0})]:
        with pytest.raises(AssertionError, match='converted again'):
            OpenVinoPredictor(model=model, precision='f32', **settings)(chips)


@pytest.mark.parametrize('valid_checksum', [True, False])
def test_a_damaged_cache_is_made_anew(valid_checksum, chips, cache, monkeypatch):
    expected = OpenVinoPredictor(model=Network(), precision='f32')(chips)
    (path,) = cache.iterdir()
    if valid_checksum:
        monkeypatch.setattr(predictor_openvino, 'read_cached', lambda _: b'no network')
    else:
        path.write_bytes(path.read_bytes()[:-9] + b'\0' * 9)
    found = OpenVinoPredictor(model=Network(), precision='f32')(chips)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_network_without_config_is_not_cached(chips, cache):
    network = Network()
    del network.cfg
    OpenVinoPredictor(model=network, precision='f32')(chips)
    assert not cache.exists()


def test_a_quantised_network_takes_windows_of_any_size(folder, chips):
    expected = TorchPredictor(model=Network())(chips)
    predict = OpenVinoPredictor(model=Network(), precision='int8', quantised=str(folder))
    np.testing.assert_allclose(predict(chips), expected, atol=0.02)


def test_a_network_quantised_from_other_weights_is_refused(folder):
    other = Network()
    other.conv.weight.data *= 2
    with pytest.raises(CheckpointError, match='exported from other weights'):
        OpenVinoPredictor(model=other, precision='int8', quantised=folder)
    with pytest.raises(CheckpointError, match='predicts class 1, wanted is 2'):
        OpenVinoPredictor(model=Network(), precision='int8', quantised=folder, landslide_class=2)


def test_a_network_quantised_for_several_kinds_of_landslide_says_so(folder, chips):
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, 'landslide_class': [1, 2]}))
    settings = {'precision': 'int8', 'quantised': folder}
    OpenVinoPredictor(model=Network(), landslide_class=(1, 2), **settings)(chips)
    with pytest.raises(CheckpointError, match=r'predicts class \[1, 2\], wanted is 1'):
        OpenVinoPredictor(model=Network(), **settings)


def test_the_shipped_quantised_network_is_that_of_the_shipped_weights():
    folders = list(checkpoint_dir().glob('*_int8'))
    assert len(folders) > 1
    for folder in folders:
        weights = folder.with_name(folder.name.removesuffix('_int8') + '.pth')
        shipped = ExportedNetwork.read(exported_beside(weights, 'int8'))
        config = NetworkCard.read(weights.with_suffix('.json')).config_file
        shipped.require_same(weights_digest(load_model(config, weights)), landslide_class=1)
        assert shipped.card['passes']


def test_files_that_are_not_what_the_card_says_are_refused(folder):
    with (folder / 'model.bin').open('ab') as file:
        file.write(b'more')
    with pytest.raises(InputFileError, match=r'not what its card.json says'):
        ExportedNetwork.read(folder)
    (folder / 'model.bin').unlink()
    with pytest.raises(InputFileError, match=r'model.bin cannot be read \(No such file'):
        ExportedNetwork.read(folder)


@pytest.mark.parametrize('content', ['', '[]', '{}', '{"files": 3}'])
def test_a_card_that_is_none_is_refused(folder, content):
    (folder / CARD).write_text(content)
    with pytest.raises(InputFileError, match=r'card.json is damaged, or the card of something'):
        ExportedNetwork.read(folder)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'precision': 'fp32'}, 'f32, bf16, int8'),
        ({'precision': 'int8'}, 'quantised is None; for int8 give the folder'),
        ({'quantised': 'somewhere'}, "quantised is 'somewhere'; for int8"),
        ({'threads': 0}, 'threads is 0; give a whole number'),
        ({'streams': True}, 'streams is True; give a whole number'),
        ({'device': 'meteor'}, "'meteor' cannot be used here"),
        ({'device': 'meta'}, "given device 'meta'; give cpu"),
        ({'landslide_class': 1.5}, 'landslide_class is 1.5'),
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        OpenVinoPredictor(model=Network(), **arguments)


def test_a_precision_that_the_cpu_lacks_is_refused(monkeypatch):
    class Core:
        def get_property(self, *_):
            return ['FP32']

    monkeypatch.setattr(openvino, 'Core', Core)
    with pytest.raises(ConfigError, match='bf16 is no gain on this CPU, which knows FP32'):
        OpenVinoPredictor(model=Network(), precision='bf16')


def test_a_class_that_the_network_lacks_is_refused(chips):
    predict = OpenVinoPredictor(model=Network(), precision='f32', landslide_class=3)
    with pytest.raises(ConfigError, match=r'3 classes; give one in \[0, 2\]'):
        predict(chips)


def test_what_cannot_be_converted_is_said_in_one_sentence():
    class Strange(Network):
        def encode_decode(self, *_):
            raise RuntimeError('cannot be traced\nat all')

    with pytest.raises(ConfigError, match=r'\(cannot be traced\); predict with TorchPredictor'):
        convert_to_openvino(ProbabilityNetwork(model=Strange()), (1, 3, 8, 8))


def test_a_network_of_one_size_refuses_another():
    class Fixed(Network):
        def encode_decode(self, inputs, _):
            return super().encode_decode(inputs, [{'img_shape': (8, 8)}])

    model = convert_to_openvino(ProbabilityNetwork(model=Fixed()), (1, 3, 8, 8))
    with pytest.raises(ConfigError, match=r'gives shape \(1, 8, 8\)'):
        with_shape(model, (1, 3, 16, 16))


def exported(place, precision='f32', **changes):
    """Give the folder of an exported network another card."""
    card = json.loads((place / CARD).read_text())
    (place / CARD).write_text(json.dumps({**card, 'precision': precision, **changes}))
    return ExportedNetwork.read(place)


def test_an_exported_network_predicts_what_its_weights_do(folder, chips):
    expected = OpenVinoPredictor(model=Network(), precision='f32')(chips)
    found = OpenVinoPredictor(model=exported(folder), precision='f32')(chips)
    np.testing.assert_allclose(found, expected, atol=0.02)
    with pytest.raises(CheckpointError, match='predicts class 1, wanted is 2'):
        OpenVinoPredictor(model=exported(folder), precision='f32', landslide_class=2)


def test_an_exported_network_is_compiled_once(folder, chips, cache):
    for delicate in ([], [], ['norm']):
        OpenVinoPredictor(model=exported(folder, delicate=delicate), precision='f32')(chips)
    assert len(list(cache.iterdir())) == 2


def test_a_network_in_int8_alone_runs_in_int8(folder, chips):
    own = exported(folder, 'int8')
    OpenVinoPredictor(model=own, precision='int8')(chips)
    with pytest.raises(ConfigError, match="precision is 'f32'"):
        OpenVinoPredictor(model=own, precision='f32')


def test_a_network_in_f32_is_none_in_int8(folder):
    exported(folder, 'f32')
    with pytest.raises(CheckpointError, match='is in f32; give a folder in int8'):
        OpenVinoPredictor(model=Network(), precision='int8', quantised=folder)


@pytest.mark.parametrize(
    ('name', 'f32', 'int8'),
    [
        ('a.pth', 'a_openvino', 'a_int8'),
        ('a_openvino', 'a_openvino', 'a_int8'),
        ('a_int8', 'a_openvino', 'a_int8'),
        ('v1.2', 'v1.2_openvino', 'v1.2_int8'),
    ],
)
def test_exported_networks_lie_beside_the_weights(name, f32, int8, tmp_path):
    assert exported_beside(tmp_path / name, 'f32') == tmp_path / f32
    assert exported_beside(tmp_path / name, 'int8') == tmp_path / int8
