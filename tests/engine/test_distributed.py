import pytest
import torch
from mmengine.config import Config
from torch import distributed

from dfpenet_mm.engine.distributed import (
    _replace_sync_bn,
    _require_devices,
    _use_cpus,
    first_process_only,
    start_processes,
)
from dfpenet_mm.errors import ConfigError


def make_config(**parts):
    norm = {'type': 'SyncBN', 'requires_grad': True}
    return Config({'model': {'a': {'norm_cfg': norm}, 'b': [{'norm_cfg': norm}]}, **parts})


@pytest.mark.parametrize(('processes', 'devices'), [(4, 0), (2, 2), (1, 8)])
def test_enough_gpus_or_none(processes, devices):
    _require_devices(processes, devices)


def test_too_few_gpus():
    with pytest.raises(ConfigError, match=r'4 processes .* with 2 GPUs'):
        _require_devices(4, 2)


def test_sync_bn_is_found_anywhere():
    model = {'norm_cfg': {'type': 'SyncBN', 'eps': 1}, 'parts': ({'x': [{'type': 'MMSyncBN'}]},)}
    assert _replace_sync_bn(model) == 2
    assert model == {'norm_cfg': {'type': 'BN', 'eps': 1}, 'parts': ({'x': [{'type': 'BN'}]},)}
    assert _replace_sync_bn(model) == 0


def test_cpus_take_gloo_and_no_device():
    config = make_config(env_cfg={'dist_cfg': {'backend': 'nccl'}}, find_unused_parameters=True)
    (notice,) = _use_cpus(config)
    assert 'SyncBN works on GPUs only' in notice
    assert config.env_cfg.dist_cfg.backend == 'gloo'
    assert config.model_wrapper_cfg.device_ids is None
    assert config.model_wrapper_cfg.find_unused_parameters
    assert _use_cpus(config) == []


def test_one_process_changes_nothing():
    config = make_config(launcher='none')
    before = config.to_dict()
    assert start_processes(config) == []
    assert config.to_dict() == before


@pytest.mark.parametrize(
    ('launcher', 'complaint'), [('pytorch', 'torchrun has not started'), ('slurm', 'needs GPUs')]
)
def test_a_launcher_that_launched_nothing(monkeypatch, launcher, complaint):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    with pytest.raises(ConfigError, match=complaint):
        start_processes(make_config(launcher=launcher))


def test_gpus_keep_sync_bn_and_start_by_the_configs_backend(monkeypatch):
    started = []
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '2')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(
        'dfpenet_mm.engine.distributed.init_dist', lambda *a, **k: started.append((a, k))
    )
    config = make_config(launcher='pytorch', env_cfg={'dist_cfg': {'backend': 'nccl'}})
    assert start_processes(config) == []
    assert started == [(('pytorch',), {'backend': 'nccl'})]
    assert config.model.a.norm_cfg.type == 'SyncBN'
    assert 'model_wrapper_cfg' not in config


def test_a_single_process_is_the_first():
    done = []
    first_process_only(lambda: done.append(1))
    assert done == [1]


@pytest.mark.parametrize('rank', [0, 1])
@pytest.mark.parametrize('fails', [False, True])
def test_the_others_fail_with_the_first(monkeypatch, rank, fails):
    sent, done, groups = [], [], []

    def new_group(*, backend, timeout):
        # Of NCCL the others would wait ten minutes, of gloo's own time-out thirty.
        assert backend == 'gloo'
        assert timeout.days >= 1
        groups.append(object())
        return groups[-1]

    def broadcast(outcome, src, group):
        assert src == 0
        assert group is groups[-1]
        sent.append(outcome[0])
        outcome[0] = not fails

    def action():
        done.append(1)
        if fails:
            raise ConfigError('bad data')

    monkeypatch.setattr(distributed, 'is_initialized', lambda: True)
    monkeypatch.setattr(distributed, 'get_rank', lambda: rank)
    monkeypatch.setattr(distributed, 'new_group', new_group)
    monkeypatch.setattr(distributed, 'broadcast_object_list', broadcast)
    monkeypatch.setattr(distributed, 'destroy_process_group', groups.remove)
    if fails:
        with pytest.raises(ConfigError if rank == 0 else SystemExit):
            first_process_only(action)
    else:
        first_process_only(action)
    assert done == ([1] if rank == 0 else [])
    assert groups == []
    assert rank == 1 or sent == [not fails]
