"""The cost of a training step: seconds, waiting for data, floating point operations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.flop_counter import FlopCounterMode

from dfpenet_mm.errors import ConfigError

# Hooks that only write; a step is timed with all others, such as averaging of weights. None
# takes mmengine's own out of every runner.
NO_WRITING_HOOKS = {'logger': None, 'checkpoint': None}
DRAWING_HOOK = 'visualization'


@dataclass(frozen=True)
class StepCost:
    """Times of training steps, and the arithmetic of one.

    Args:
        seconds: of every step, waiting for data included.
        data_seconds: of every step, waiting for data alone.
        cpu_seconds: of every step, what this process computed on all its threads. Other
            programs on the machine disturb it less than the seconds. With several threads it
            also holds what they spend waiting for one another.
        gflop: of one forward pass with its loss, in 1e9 operations.
        batch_size: images a step.
    """

    seconds: np.ndarray
    data_seconds: np.ndarray
    cpu_seconds: np.ndarray
    gflop: float
    batch_size: int

    @property
    def median(self) -> float:
        """Median seconds of a step."""
        return float(np.median(self.seconds))

    @property
    def fastest(self) -> float:
        """Seconds of the fastest step: what is left where others keep the machine busy."""
        return float(self.seconds.min())

    @property
    def data_share(self) -> float:
        """Share of all time that was spent waiting for data."""
        return float(self.data_seconds.sum() / self.seconds.sum())

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        low, high = np.percentile(self.seconds, [25, 75])
        return {
            'steps': len(self.seconds),
            'batch_size': self.batch_size,
            'steps_per_second': 1 / self.median,
            'seconds_per_step': self.median,
            'seconds_quartiles': [float(low), float(high)],
            'seconds_fastest': self.fastest,
            'cpu_seconds_per_step': float(np.median(self.cpu_seconds)),
            'data_share': self.data_share,
            'gflop_forward': self.gflop,
            'seconds_per_gflop': self.median / self.gflop,
        }


class TimedTraining:
    """A config's training as mmengine builds it, run and timed a few steps at a time.

    Model, data loader with its workers, optimiser wrapper, schedule and hooks are those that
    training has, and a step is mmengine's own; only what writes files is left out, and
    weights are not fetched, as time does not depend on them.

    Args:
        config: of the training. It is not changed.
        name: tells this training from others in one process.
        work_dir: folder for what mmengine writes anyway.

    Raises:
        ConfigError: if the config describes no training by iterations.
    """

    def __init__(self, config: Config, *, name: str, work_dir: str | Path) -> None:
        self.runner = Runner.from_cfg(_timing_config(config, name, work_dir))
        self.loop = self.runner.train_loop
        if not isinstance(self.loop, IterBasedTrainLoop):
            raise ConfigError(
                f'{config.filename} trains with {type(self.loop).__name__}; a loop that counts '
                f'iterations can be timed, such as IterBasedTrainLoop'
            )
        self.start()
        self.times: list[tuple[float, float, float]] = []

    def start(self) -> None:
        """Do what ``Runner.train`` does before its loop, but fetch no weights."""
        runner = self.runner
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if runner.param_schedulers:
            runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
        runner.call_hook('before_run')
        runner.optim_wrapper.initialize_count_status(runner.model, 0, self.loop.max_iters)
        runner.call_hook('before_train')
        runner.call_hook('before_train_epoch')
        runner.model.train()

    def run(self, steps: int, *, warmup: int) -> None:
        """Time some steps, after as many that are not timed.

        The untimed are never fewer than what the workers hold ready from before, so that time
        in which something else ran does not hide how slow they are.

        Args:
            steps: to be timed.
            warmup: not to be timed.
        """
        loader = self.loop.dataloader
        ready = loader.num_workers * (loader.prefetch_factor or 0)
        for _ in range(max(warmup, ready)):
            self.step()
        self.times += [self.step() for _ in range(steps)]

    def step(self) -> tuple[float, float, float]:
        """Run one step; return its seconds, those of them for data, and CPU seconds."""
        started, worked = time.perf_counter(), time.process_time()
        batch = next(self.loop.dataloader_iterator)
        loaded = time.perf_counter()
        self.loop.run_iter(batch)
        if torch.cuda.is_available():
            # A GPU works on after the call has returned.
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        return seconds, loaded - started, time.process_time() - worked

    def cost(self) -> StepCost:
        """Return the cost of the steps timed so far."""
        seconds, data_seconds, cpu_seconds = np.array(self.times).T
        return StepCost(
            seconds,
            data_seconds,
            cpu_seconds,
            gflop=self.forward_gflop(),
            batch_size=self.loop.dataloader.batch_size,
        )

    def forward_gflop(self) -> float:
        """Count the operations of a batch's forward pass with its loss, in 1e9.

        torch counts convolutions and matrix products, a multiplication with its addition as
        two; normalisation, activations and upsampling are not counted.
        """
        model = self.runner.model
        batch = model.data_preprocessor(next(self.loop.dataloader_iterator), training=True)
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            model(**batch, mode='loss')
        return counter.get_total_flops() / 1e9


def _timing_config(config: Config, name: str, work_dir: str | Path) -> Config:
    """Copy a training config without what writes, validates or fetches."""
    missing = [
        key
        for key in ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
        if not config.get(key)
    ]
    if missing:
        raise ConfigError(
            f'{config.filename} has no {", ".join(missing)}, so it describes no training; give '
            f'one that tools/train.py runs'
        )
    timed = Config(config.to_dict(), filename=config.filename)
    timed.default_hooks = {**timed.get('default_hooks', {}), **NO_WRITING_HOOKS}
    timed.default_hooks.pop(DRAWING_HOOK, None)
    for part in ('val', 'test'):
        for key in (f'{part}_dataloader', f'{part}_cfg', f'{part}_evaluator'):
            timed[key] = None
    timed.visualizer = None
    timed.experiment_name = name
    timed.work_dir = str(work_dir)
    timed.log_level = 'ERROR'
    timed.load_from, timed.resume = None, False
    return timed
