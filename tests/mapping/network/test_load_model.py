import pickle
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS
from torch import nn

import dfpenet_mm.models  # noqa: F401
from dfpenet_mm.errors import CheckpointError, ConfigError, InputFileError
from dfpenet_mm.mapping.network.load_model import build_model, load_model, without_fetching
from dfpenet_mm.mapping.network.predictor_torch import TorchPredictor

CONFIG = """
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[100.] * 3, std=[50.] * 3),
    pretrained='open-mmlab://nowhere',
    backbone=dict(type='OneConvForTests', width=4, init_cfg=dict(
        type='Pretrained', checkpoint='https://nowhere.invalid/weights.pth')),
    decode_head=dict(type='FCNHead', in_channels=4, in_index=0, channels=4, num_convs=1,
                     concat_input=False, num_classes=2, norm_cfg=norm_cfg,
                     loss_decode=dict(type='CrossEntropyLoss')))
"""


@MODELS.register_module(force=True)
class OneConvForTests(nn.Module):
    def __init__(self, width, pretrained=None, init_cfg=None):
        super().__init__()
        if pretrained or init_cfg:
            raise RuntimeError('would fetch weights')
        self.conv = nn.Conv2d(3, width, 3, stride=2, padding=1)

    def forward(self, inputs):
        return (self.conv(inputs),)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'tiny.py'
    path.write_text(CONFIG)
    return path


@pytest.fixture
def weights(config):
    torch.manual_seed(0)
    state = build_model(Config.fromfile(config)).state_dict()
    return {
        name: torch.randn_like(value).abs() if value.is_floating_point() else value
        for name, value in state.items()
    }


@pytest.mark.parametrize('nested', [True, False])
def test_the_checkpoints_weights_are_the_models(nested, config, weights, tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': weights, 'meta': {'iter': 3}} if nested else weights, path)
    model = load_model(config, path)
    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name]), name


def test_half_precision_becomes_float32(config, weights, tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': {n: v.half() for n, v in weights.items()}}, path)
    model = load_model(Config.fromfile(config), path)
    assert {value.dtype for value in model.parameters()} == {torch.float32}


def test_a_loaded_model_predicts_what_mmseg_predicts(config, weights, tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save(weights, path)
    model = load_model(config, path)
    chips = np.random.default_rng(0).uniform(0, 255, (2, 3, 16, 16)).astype(np.float32)
    probability = TorchPredictor(model=model)(chips)
    inputs = model.data_preprocessor({'inputs': list(torch.from_numpy(chips))})['inputs']
    meta = {'img_shape': (16, 16), 'ori_shape': (16, 16), 'pad_shape': (16, 16)}
    with torch.no_grad():
        expected = model.encode_decode(inputs, [meta] * 2).softmax(1)[:, 1]
    np.testing.assert_allclose(probability, expected, atol=1e-5)


def test_settings_can_be_read_as_attributes(config):
    loaded = Config.fromfile(config)
    loaded.model.test_cfg = {'mode': 'whole'}
    assert build_model(loaded).test_cfg.mode == 'whole'


def test_batch_norm_needs_no_process_group(config):
    modules = list(build_model(Config.fromfile(config)).modules())
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in modules)


def test_a_device_that_is_not_there_is_refused(config, weights, tmp_path):
    torch.save(weights, tmp_path / 'weights.pth')
    with pytest.raises(ConfigError, match='meteor'):
        load_model(config, tmp_path / 'weights.pth', device='meteor')


def scope_name():
    scope = DefaultScope.get_current_instance()
    return scope and scope.scope_name


def test_the_default_scope_is_left_alone(config):
    before = scope_name()
    build_model(Config.fromfile(config))
    assert scope_name() == before


def test_nothing_is_fetched_and_the_config_is_left_alone(config):
    loaded = Config.fromfile(config)
    stripped = without_fetching(loaded.model)
    assert stripped['pretrained'] is None
    assert stripped['backbone']['init_cfg'] is None
    assert loaded.model.pretrained == 'open-mmlab://nowhere'
    assert without_fetching([{'pretrained': 'x', 'a': (1, {'init_cfg': 2})}]) == [
        {'pretrained': None, 'a': (1, {'init_cfg': None})}
    ]


def test_tensors_that_do_not_fit_are_named(config, weights, tmp_path):
    weights['backbone.conv.bias'] = torch.zeros(7)
    del weights['decode_head.conv_seg.weight']
    weights |= {f'extra.{index}': torch.zeros(1) for index in range(5)}
    path = tmp_path / 'weights.pth'
    torch.save(weights, path)
    with pytest.raises(CheckpointError) as caught:
        load_model(config, path)
    message = str(caught.value)
    assert 'weights.pth does not fit' in message
    assert '1 missing tensor(s): decode_head.conv_seg.weight' in message
    assert '5 unexpected tensor(s): extra.0, extra.1, extra.2, ...' in message
    assert '1 misshapen tensor(s): backbone.conv.bias is (7,), wanted is (4,)' in message


def test_counters_of_batches_may_be_missing(config, weights, tmp_path):
    path = tmp_path / 'weights.pth'
    kept = {n: v for n, v in weights.items() if not n.endswith('num_batches_tracked')}
    assert len(kept) < len(weights)
    torch.save(kept, path)
    load_model(config, path)


class Payload:
    """Would run code if it were unpickled."""

    def __reduce__(self):
        return pytest.fail, ('the checkpoint ran code',)


def test_a_checkpoint_that_would_run_code_is_refused(config, weights, tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save({'state_dict': weights, 'message_hub': Payload()}, path)
    with pytest.raises(CheckpointError, match=r'weights\.pth cannot be loaded safely'):
        load_model(config, path)


@pytest.mark.parametrize('content', [b'', b'not a checkpoint', pickle.dumps([1, 2])], ids=repr)
def test_a_damaged_checkpoint_is_named(content, config, tmp_path):
    path = tmp_path / 'weights.pth'
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r'weights\.pth'):
        load_model(config, path)


@pytest.mark.parametrize('content', [{}, {'state_dict': {}}, {'epoch': 3}, [1]], ids=str)
def test_a_checkpoint_without_weights_is_refused(content, config, tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save(content, path)
    with pytest.raises(CheckpointError, match='has no state_dict of tensors'):
        load_model(config, path)


def test_a_missing_file_is_named(config, weights, tmp_path):
    with pytest.raises(InputFileError, match=r'gone\.pth does not exist'):
        load_model(config, tmp_path / 'gone.pth')
    torch.save(weights, tmp_path / 'weights.pth')
    with pytest.raises(InputFileError, match=r'gone\.py does not exist'):
        load_model(tmp_path / 'gone.py', tmp_path / 'weights.pth')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = dict(', 'cannot be loaded'),
        (
            'custom_imports = dict(imports=["no_such_module"], allow_failed_imports=False)',
            'no_such',
        ),
        ('optimizer = 1', 'has no model'),
        ('model = dict(type="NoSuchNetwork")', 'NoSuchNetwork'),
        ('model = dict(type="EncoderDecoder", colour=1)', 'colour'),
    ],
)
def test_a_config_without_a_model_is_refused(text, message, weights, tmp_path):
    path = tmp_path / 'broken.py'
    path.write_text(text)
    torch.save(weights, tmp_path / 'weights.pth')
    with pytest.raises(ConfigError, match=message):
        load_model(path, tmp_path / 'weights.pth')


MISFITS = {
    'a conv of other channels': (
        {'decode_head.in_channels': 8},
        r'decode_head\.convs\.0\.conv takes 8 channels and is given 4; mend it in the config$',
    ),
    'a level that is not there': (
        {'decode_head.in_index': 3},
        r'decode_head \(FCNHead\), given features of 4 channels, fails \(IndexError: tuple index',
    ),
    'an auxiliary head': (
        {'auxiliary_head': dict(type='FCNHead', in_channels=5, channels=4, num_classes=2)},
        r'auxiliary_head\.convs\.0\.conv takes 5 channels and is given 4',
    ),
    'class weights': (
        {
            'decode_head.loss_decode.type': 'LabelledCrossEntropyLoss',
            'decode_head.loss_decode.class_weight': [1.0, 2.0, 3.0],
        },
        r'class_weight of the loss has 3 numbers and the network 2 classes',
    ),
    'labels 255 in a loss of another package': (
        {
            'decode_head.loss_decode.class_weight': [1.0, 2.0],
            'decode_head.loss_decode.avg_non_ignore': True,
        },
        r'decode_head\.loss_decode \(CrossEntropyLoss\), .* fails \(IndexError',
    ),
    'a package that is not installed': (
        {'backbone': dict(_delete_=True, type='TIMMBackbone', model_name='resnet18')},
        r'cannot be built \(RuntimeError: .*timm is not installed\); pip install timm$',
    ),
    'too few levels': (
        {'neck': dict(type='DFPENeck'), 'decode_head.in_channels': 792},
        r'DFPENeck takes the levels \(0, 1, 2, 4\) .*, which gives 1; set',
    ),
    'a neck of three levels': (
        {'neck': dict(type='DFPENeck', in_channels=(4, 4, 4))},
        r'wanted are four, four and three',
    ),
}


@pytest.mark.parametrize('changes', MISFITS)
def test_parts_that_do_not_fit_are_one_sentence(changes, config):
    loaded = Config.fromfile(config)
    settings, message = MISFITS[changes]
    loaded.merge_from_dict({f'model.{name}': value for name, value in settings.items()})
    with pytest.raises(ConfigError, match=message) as error:
        build_model(loaded, training=True)
    assert '\n' not in str(error.value)


def pidnet(ignore_index):
    """Learns from edges too, and gives its head more in training."""
    hard = dict(type='OhemCrossEntropy', thres=0.9, min_kept=9, ignore_label=ignore_index)
    losses = [dict(type='CrossEntropyLoss'), hard, dict(type='BoundaryLoss'), hard]
    widths = dict(in_channels=32, channels=32, num_classes=2)
    return dict(
        type='EncoderDecoder',
        backbone=dict(type='PIDNet', channels=8, ppm_channels=16, num_stem_blocks=1),
        decode_head=dict(type='PIDHead', loss_decode=losses, ignore_index=ignore_index, **widths),
    )


def vision_transformer(ignore_index):
    """Works on images of 96 pixels and no others."""
    transformer = dict(embed_dims=16, num_layers=1, num_heads=2, out_indices=0)
    head = dict(type='FCNHead', in_channels=16, in_index=0, channels=4, num_classes=2)
    return dict(
        type='EncoderDecoder',
        backbone=dict(type='BEiT', img_size=96, **transformer),
        decode_head=head | {'ignore_index': ignore_index},
    )


@pytest.mark.parametrize('network', [pidnet, vision_transformer])
@pytest.mark.parametrize('ignored', [255, 254])
def test_a_network_with_wishes_of_its_own_is_no_misfit(network, ignored, recwarn):
    build_model(Config({'model': network(ignore_index=ignored)}), training=True)
    assert not [str(warning.message) for warning in recwarn if 'beforehand' in str(warning.message)]


@pytest.mark.parametrize('place', ['mapping', 'model'])
def test_a_network_is_tried_on_the_sizes_that_its_config_names(place, config, monkeypatch):
    named = {'window': 72} if place == 'mapping' else None
    loaded = Config.fromfile(config)
    loaded.merge_from_dict(
        {'model.data_preprocessor.size': (40, 72)} if named is None else {place: named}
    )
    shapes = []
    monkeypatch.setattr(
        OneConvForTests,
        'forward',
        lambda self, x: (self.conv(x),) if shapes.append(x.shape) or x.shape[3] == 72 else None,
    )
    build_model(loaded)
    assert shapes[-1][3] == 72


def test_what_may_be_the_fault_of_the_trial_is_a_warning(config, monkeypatch):
    forward = Mock(side_effect=ValueError('wants at least one white pixel'))
    monkeypatch.setattr(OneConvForTests, 'forward', lambda self, _: forward(self))
    with pytest.warns(UserWarning, match='could not be tried beforehand: backbone .*white pixel'):
        build_model(Config.fromfile(config))


def test_only_training_asks_for_losses(config):
    loaded = Config.fromfile(config)
    loss = {'class_weight': [1.0, 2.0], 'avg_non_ignore': True}
    loaded.merge_from_dict({'model.decode_head.loss_decode': loss})
    build_model(loaded)


def test_a_part_that_wants_more_pixels_is_given_them(config, monkeypatch):
    monkeypatch.setattr(OneConvForTests, 'forward', lambda self, x: (self.conv(x[..., 64:, 64:]),))
    build_model(Config.fromfile(config))


def test_trying_a_network_leaves_it_as_it_was_built(config):
    torch.manual_seed(0)
    model = build_model(Config.fromfile(config), training=True)
    assert model.training
    norm = model.decode_head.convs[0].bn
    assert norm.num_batches_tracked == 0
    assert not norm.running_mean.any()
    assert all(parameter.grad is None for parameter in model.parameters())
