import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from dfpenet_mm.engine.start_weights import check_start_weights, shortened
from dfpenet_mm.errors import CheckpointError, InputFileError
from dfpenet_mm.resources import config_dir


@pytest.fixture
def config(tmp_path):
    config = Config.fromfile(config_dir() / 'dfpenet' / 'sichuan_finetune.py')
    config.load_from = str(tmp_path / 'start.pth')
    return config


@pytest.fixture
def weights(config):
    with DefaultScope.overwrite_default_scope('mmseg'):
        return MODELS.build(config.model).state_dict()


def test_weights_of_the_network_pass_whatever_its_classes(config, weights):
    other = {'decode_head.conv_seg.weight': torch.zeros(6, 48, 1, 1)}
    kept = {name: value for name, value in weights.items() if 'batches' not in name}
    torch.save({'state_dict': kept | other}, config.load_from)
    anew, unused = check_start_weights(config)
    assert anew.endswith('starting anew: decode_head.conv_seg.weight')
    assert unused.endswith('left out: decode_head.conv_seg.weight')


@pytest.mark.parametrize(
    ('change', 'complaint'),
    [
        ({'neck.fuse3.conv.weight': None}, r'neck\.fuse3\.conv\.weight is missing'),
        ({'neck.fuse3.conv.weight': torch.zeros(1)}, r'neck\.fuse3\.conv\.weight is \(1,\)'),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(config, weights, change, complaint):
    changed = {name: value for name, value in (weights | change).items() if value is not None}
    torch.save({'state_dict': changed}, config.load_from)
    with pytest.raises(CheckpointError, match=complaint):
        check_start_weights(config)


def test_a_stranger_is_refused(config):
    torch.save({'state_dict': {'foo.weight': torch.zeros(1)}}, config.load_from)
    with pytest.raises(CheckpointError, match='does not fit the network'):
        check_start_weights(config)


def test_a_part_is_taken_where_the_config_says_so_and_the_rest_is_listed(config, weights):
    changes = {'neck.fuse3.conv.weight': torch.zeros(1), 'old_head.weight': torch.zeros(1)}
    without = {name: value for name, value in weights.items() if 'filter1' not in name}
    torch.save({'state_dict': without | changes}, config.load_from)
    with pytest.raises(CheckpointError, match='load_from_part=True to take what fits'):
        check_start_weights(config)
    config.load_from_part = True
    anew, unused = check_start_weights(config)
    assert anew.endswith('starting anew: neck.filter1, neck.fuse3.conv')
    assert unused.endswith('left out: neck.fuse3.conv, old_head')


def test_a_part_is_something(config):
    config.load_from_part = True
    torch.save({'state_dict': {'foo.weight': torch.zeros(1)}}, config.load_from)
    with pytest.raises(CheckpointError, match='does not fit the network'):
        check_start_weights(config)


def test_a_network_of_three_bands_starts_one_of_four(config, weights):
    torch.save({'state_dict': weights}, config.load_from)
    config.model.backbone.update(type='AnyBandBackbone', network='MobileNetV2', in_channels=4)
    assert check_start_weights(config) == []


def test_bands_are_told_when_weights_are_loaded_in_earnest(config, weights, caplog):
    torch.save(weights, config.load_from)
    bands = dict(type='AnyBandBackbone', network='MobileNetV2', in_channels=4)
    config.model.backbone = config.model.backbone | bands
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        check_start_weights(config)
        assert 'starts 4 bands' not in caplog.text
        with DefaultScope.overwrite_default_scope('mmseg'):
            MODELS.build(config.model).load_state_dict(weights)
        assert 'starts 4 bands' in caplog.text
    finally:
        logger.removeHandler(caplog.handler)


def test_parts_are_named_by_their_largest_whole():
    names = ['a.x.w', 'a.x.b', 'a.y', 'b.w', 'c.w', 'c.b']
    assert shortened(['a.x.w', 'a.x.b', 'b.w', 'c.w'], names) == ['a.x', 'b', 'c.w']


def test_a_missing_file_is_refused_and_an_address_left_alone(config):
    with pytest.raises(InputFileError, match=r'start\.pth does not exist'):
        check_start_weights(config)
    config.load_from = 'https://example.org/start.pth'
    check_start_weights(config)
    config.load_from = None
    check_start_weights(config)
