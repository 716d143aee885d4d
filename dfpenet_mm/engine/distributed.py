"""Processes that train one network together, on GPUs by NCCL or on CPUs by gloo."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import get_rank, init_dist
from torch import distributed

from dfpenet_mm.errors import ConfigError

# Longer than any data check takes; a process that dies ends the others at once, by torchrun.
PATIENCE = timedelta(days=2)
SYNCHRONISED = ('SyncBN', 'MMSyncBN')


def _require_devices(processes: int, devices: int) -> None:
    """Refuse more processes than a machine has GPUs; without any they run on its CPUs."""
    if 0 < devices < processes:
        raise ConfigError(
            f'{processes} processes were asked for on a machine with {devices} GPUs; start at '
            f'most {devices}, or set CUDA_VISIBLE_DEVICES to nothing to run on its CPUs'
        )


def _replace_sync_bn(cfg: Any) -> int:
    """Turn every SyncBN of a config, which works on GPUs only, into BN in place; count them."""
    if isinstance(cfg, dict):
        found = int(cfg.get('type') in SYNCHRONISED)
        if found:
            cfg['type'] = 'BN'
        return found + sum(_replace_sync_bn(part) for part in cfg.values())
    if isinstance(cfg, (list, tuple)):
        return sum(_replace_sync_bn(part) for part in cfg)
    return 0


def _use_cpus(config: Config) -> list[str]:
    """Fit the config of a distributed run to CPUs in place, and return what a user should know."""
    config.setdefault('env_cfg', {})['dist_cfg'] = {'backend': 'gloo'}
    config.model_wrapper_cfg = {
        'type': 'MMDistributedDataParallel',
        'device_ids': None,
        # AverageBuffersHook keeps them equal.
        'broadcast_buffers': False,
        'find_unused_parameters': config.get('find_unused_parameters', False),
    }
    if not _replace_sync_bn(config.model):
        return []
    return [
        'SyncBN works on GPUs only: here BN takes its statistics from the part of the batch '
        'that a process has, and the processes average its running ones.'
    ]


def start_processes(config: Config) -> list[str]:
    """Join the processes that the config's launcher has started.

    Without CUDA they talk by gloo and run on CPUs. mmengine's own start needs CUDA.

    Args:
        config: with ``launcher``; ``none`` leaves everything as it is. Changed in place.

    Returns:
        What a user should know about the run, one sentence each.

    Raises:
        ConfigError: if this machine has fewer GPUs than processes, or nothing has launched
            this process.
    """
    launcher = config.get('launcher', 'none')
    if launcher == 'none':
        return []
    if launcher == 'pytorch' and 'LOCAL_RANK' not in os.environ:
        raise ConfigError(
            'launcher pytorch was given to a process that torchrun has not started; use '
            'tools/dist_train.sh or tools/dist_test.sh, or leave --launcher out'
        )
    _require_devices(int(os.environ.get('LOCAL_WORLD_SIZE', '1')), torch.cuda.device_count())
    config.custom_hooks = [*config.get('custom_hooks', []), {'type': 'AverageBuffersHook'}]
    if torch.cuda.is_available():
        init_dist(launcher, **config.get('env_cfg', {}).get('dist_cfg', {}))
        return []
    if launcher != 'pytorch':
        raise ConfigError(
            f'launcher {launcher} needs GPUs; on CPUs start the processes by tools/dist_train.sh, '
            f'or under Slurm by tools/slurm_train.sh'
        )
    notices = _use_cpus(config)
    distributed.init_process_group('gloo')
    return notices


def is_first() -> bool:
    """Tell whether this is the only process of a run, or the first one."""
    return get_rank() == 0


def first_process_only(action: Callable[[], None]) -> None:
    """Run something in the first process while the others wait, and let all fail with it.

    They wait longer than for a step of training, whose time-out would end the run.

    Args:
        action: called without arguments in the first process.

    Raises:
        Exception: what it raised, in the first process.
        SystemExit: in the others, if it raised.
    """
    if not distributed.is_initialized():
        action()
        return
    # Of its own, by gloo on GPUs too: NCCL would give up after ten minutes.
    waiting: Any = distributed.new_group(backend='gloo', timeout=PATIENCE)
    outcome = [True]
    try:
        if distributed.get_rank() == 0:
            outcome = [False]
            action()
            outcome = [True]
    finally:
        distributed.broadcast_object_list(outcome, src=0, group=waiting)
        distributed.destroy_process_group(waiting)
    if not outcome[0]:
        raise SystemExit(1)
