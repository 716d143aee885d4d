import pytest
import torch
from mmengine.config import Config

from dfpenet_mm.engine.mixed_precision import use_mixed_precision
from dfpenet_mm.errors import ConfigError


def make_config(kind='OptimWrapper'):
    return Config(
        {'optim_wrapper': {'type': kind, 'accumulative_counts': 2, 'clip_grad': {'a': 1}}}
    )


def test_bfloat16_keeps_what_the_wrapper_says():
    config = make_config()
    assert 'bfloat16' in use_mixed_precision(config, device_type='cpu')
    assert config.optim_wrapper.to_dict() == {
        'type': 'AutocastOptimWrapper',
        'accumulative_counts': 2,
        'clip_grad': {'a': 1},
    }


@pytest.mark.parametrize(
    ('native', 'wanted'), [(True, 'AutocastOptimWrapper'), (False, 'AmpOptimWrapper')]
)
def test_gpus_without_bfloat16_take_float16(monkeypatch, native, wanted):
    monkeypatch.setattr(
        torch.cuda, 'is_bf16_supported', lambda including_emulation: native or including_emulation
    )
    config = make_config()
    use_mixed_precision(config, device_type='cuda')
    assert config.optim_wrapper.type == wanted
    assert config.optim_wrapper.get('dtype') == (None if native else 'float16')


@pytest.mark.parametrize('kind', ['AutocastOptimWrapper', 'AmpOptimWrapper'])
def test_a_config_that_chose_is_left_alone(kind):
    config = make_config(kind)
    assert kind in use_mixed_precision(config, device_type='cpu')
    assert config.optim_wrapper.type == kind


def test_other_wrappers_are_refused():
    with pytest.raises(ConfigError, match='optim_wrapper is a ApexOptimWrapper'):
        use_mixed_precision(make_config('ApexOptimWrapper'), device_type='cpu')
