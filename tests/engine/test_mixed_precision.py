from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from torch import nn

from dfpenet_mm.engine import AutocastOptimWrapper, mixed_precision
from dfpenet_mm.engine.mixed_precision import use_mixed_precision
from dfpenet_mm.errors import ConfigError


def make_config(kind='OptimWrapper'):
    return Config(
        {'optim_wrapper': {'type': kind, 'accumulative_counts': 2, 'clip_grad': {'a': 1}}}
    )


@pytest.fixture
def native(monkeypatch):
    """A processor that computes in bfloat16 itself, whatever runs the tests."""
    monkeypatch.setattr(mixed_precision, 'has_bfloat16', lambda _device: True)


@pytest.mark.usefixtures('native')
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


@pytest.mark.parametrize('wanted', [False, True])
def test_cpus_that_emulate_bfloat16_train_in_float32(monkeypatch, model, wanted):
    monkeypatch.setattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', lambda: wanted)
    config = make_config()
    said = use_mixed_precision(config, device_type='cpu')
    assert ('this CPU has no bfloat16' in said) != wanted
    assert config.optim_wrapper.type == ('AutocastOptimWrapper' if wanted else 'OptimWrapper')
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    output = train(model, wrapper, torch.randn(2, 3, 8, 8))
    assert output.dtype == (torch.bfloat16 if wanted else torch.float32)


def test_other_wrappers_are_refused():
    with pytest.raises(ConfigError, match='optim_wrapper is a ApexOptimWrapper'):
        use_mixed_precision(make_config('ApexOptimWrapper'), device_type='cpu')


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))


def train(model, wrapper, images):
    for _ in range(2):
        with wrapper.optim_context(model):
            output = model(images)
        wrapper.update_params(output.float().square().mean())
    return output


@pytest.mark.usefixtures('native')
def test_the_pass_is_bfloat16_and_the_weights_are_not(model):
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    output = train(model, wrapper, torch.randn(2, 3, 8, 8))
    assert output.dtype == torch.bfloat16
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert {value.grad.dtype for value in model.parameters() if value.grad is not None} <= {
        torch.float32
    }
    with torch.no_grad():
        assert model(torch.randn(2, 3, 8, 8)).dtype == torch.float32


def test_accumulation_and_clipping_still_work(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    wrapper = AutocastOptimWrapper(
        optimizer=optimizer, accumulative_counts=2, clip_grad={'max_norm': 1e-3}
    )
    wrapper.initialize_count_status(model, 0, 4)
    before = [value.detach().clone() for value in model.parameters()]
    images = 10 * torch.randn(2, 3, 8, 8)
    with wrapper.optim_context(model):
        loss = model(images).float().square().mean()
    wrapper.update_params(loss)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    with wrapper.optim_context(model):
        loss = model(images).float().square().mean()
    wrapper.update_params(loss)
    moved = torch.cat([(a - b).flatten() for a, b in zip(before, model.parameters(), strict=True)])
    assert 0 < moved.norm() < 1.01e-3


def test_a_gpu_without_bfloat16_is_told(model, monkeypatch):
    monkeypatch.setattr(mixed_precision, 'has_bfloat16', lambda _device: False)
    wrapper = AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    on_gpu = SimpleNamespace(
        parameters=lambda: iter([SimpleNamespace(device=torch.device('cuda'))])
    )
    with pytest.raises(ConfigError, match="'AmpOptimWrapper'"), wrapper.optim_context(on_gpu):
        pass
