"""Hooks of a training run: checkpoints, memory layout, running statistics and finite losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce_params
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

import dfpenet_mm.engine.checkpoint_file  # noqa: F401  registers the backend
from dfpenet_mm.engine.checkpoint_file import not_finite
from dfpenet_mm.errors import ConfigError, TrainingError


@HOOKS.register_module()
class AverageBuffersHook(Hook):
    """Average the floating-point buffers over the processes after every iteration.

    Unlike SyncBN, BN takes its statistics from a process's own part of the batch. Averaged,
    the running ones see all parts, every process validates the same network, and the first
    one's checkpoint holds the whole state of the run.
    """

    # Ahead of the hooks that copy or save the buffers.
    priority = 'VERY_HIGH'

    def after_train_iter(self, runner: Runner, *_: object, **__: object) -> None:
        """Average them in place; nothing happens in a single process."""
        buffers = [value for value in runner.model.buffers() if value.is_floating_point()]
        if buffers:
            all_reduce_params(buffers, op='mean')


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Convert the model to channels-last before a run; its activations follow.

    On two AVX2 cores this cut a training step of DFPENet on MobileNetV2 by a third.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the weights in place."""
        runner.model.to(memory_format=torch.channels_last)


# Parts of a checkpoint that are weights; the second one is EMAHook's.
WEIGHTS = ('state_dict', 'ema_state_dict')


@HOOKS.register_module()
class FiniteTrainingHook(Hook):
    """End a training with a sentence as soon as its loss is NaN or infinite.

    Going on would spoil every weight, take hours, and leave checkpoints that score as if
    nothing were a landslide. Weights are looked at whenever they are saved, and not written if
    they are spoilt: the loss of the last iteration says nothing about the step it caused.

    The losses are those that mmengine has fetched for its log anyway: looking at them in every
    iteration does not hold up a GPU.
    """

    # Behind the log, which then shows it, and EMAHook; ahead of what saves checkpoints.
    priority = 'LOW'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,  # noqa: ARG002
        data_batch: Any = None,  # noqa: ARG002
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Look at the losses.

        Raises:
            TrainingError: if one is not finite.
        """
        losses = {
            name: runner.message_hub.get_scalar(f'train/{name}').current()
            for name in outputs or {}
            if 'loss' in name
        }
        broken = [f'{name} {value}' for name, value in losses.items() if not math.isfinite(value)]
        if broken:
            raise _diverged(runner, f'the loss is not finite ({", ".join(broken)})')

    def before_save_checkpoint(self, runner: Runner, checkpoint: Mapping[str, Any]) -> None:
        """Look at the weights that are about to be saved.

        Raises:
            TrainingError: if one is not finite.
        """
        broken = [name for part in WEIGHTS for name in not_finite(checkpoint.get(part) or {})]
        if broken:
            raise _diverged(
                runner,
                f'{len(broken)} tensors of the network are NaN or infinite ({broken[0]})',
            )


def _diverged(runner: Runner, what: str) -> TrainingError:
    rates = [rate for rates in runner.optim_wrapper.get_lr().values() for rate in rates]
    kept = any(Path(runner.work_dir).glob('iter_*.pth'))
    going_on = ', or go on from the last checkpoint with --resume' if kept else ''
    return TrainingError(
        f'in iteration {runner.iter + 1} {what}, so training has stopped; lower '
        f'optim_wrapper.optimizer.lr (the largest rate now is {max(rates):.3g}), limit the '
        f'gradients with optim_wrapper.clip_grad.max_norm, and see what tools/check_data.py says '
        f'about the images, then train again{going_on}'
    )


# No name that starts with 'val': mmengine would log it as a score.
VALIDATED = 'iter_of_last_val'


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """mmengine's hook with whole files, and with the validation that a kill cut off.

    Checkpoints are written before the validation of their iteration. A run killed in that
    validation would go on behind it and so never know its score: it is made up for here.

    Args:
        interval: iterations between checkpoints.
        max_keep_ckpts: how many of the last checkpoints stay, 2 or more; -1 keeps all.
        save_best: metric whose best checkpoint is kept too, such as ``landslide/IoU``.
        rule: ``greater`` or ``less``, whichever is better.
        by_epoch: must be False; here so that configs may say so.
        **settings: further arguments of mmengine's ``CheckpointHook``.

    Raises:
        ConfigError: if the settings could leave a run without a checkpoint to resume from.
    """

    def __init__(
        self,
        *,
        interval: int,
        max_keep_ckpts: int = 2,
        save_best: str | list[str] | None = None,
        rule: str | None = None,
        by_epoch: bool = False,
        **settings: Any,
    ) -> None:
        if by_epoch or max_keep_ckpts in (0, 1):
            raise ConfigError(
                f'ResumableCheckpointHook was given by_epoch={by_epoch} and max_keep_ckpts='
                f'{max_keep_ckpts}, wanted are False and at least 2 (the oldest goes before the '
                f'newest is written); correct default_hooks.checkpoint in the config'
            )
        super().__init__(
            interval=interval,
            by_epoch=False,
            max_keep_ckpts=max_keep_ckpts,
            save_best=save_best,
            rule=rule,
            **{'backend_args': {'backend': 'atomic'}, **settings},
        )

    def before_train(self, runner: Runner) -> None:
        """Refuse to save between the iterations of one optimiser step.

        Raises:
            ConfigError: if the interval is no multiple of the accumulated iterations, whose
                gradients no checkpoint holds.
        """
        super().before_train(runner)
        count = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if self.interval > 0 and self.interval % count:
            raise ConfigError(
                f'checkpoints come every {self.interval} iterations while gradients accumulate '
                f'over {count}; make default_hooks.checkpoint.interval a multiple of that'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Make up for the validation that followed the checkpoint a run resumes from."""
        if _validation_is_due(runner) and runner.message_hub.get_info(VALIDATED, 0) != runner.iter:
            runner.logger.info(f'Making up for the validation of iteration {runner.iter}')
            runner.val_loop.run()

    def holds(self, iteration: int) -> bool:
        """Tell whether there is a checkpoint of the state after so many iterations."""
        name = self.filename_tmpl.format(iteration)
        return bool(self.out_dir) and Path(self.out_dir, name).is_file()

    def save_now(self, runner: Runner) -> None:
        """Save the state between two iterations, whatever the interval."""
        if not self.holds(runner.iter):
            meta = {'epoch': runner.epoch, 'iter': runner.iter}
            self._save_checkpoint_with_step(runner, runner.iter, meta=meta)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Keep the best checkpoint, and note which iteration was validated."""
        runner.message_hub.update_info(VALIDATED, runner.iter)
        super().after_val_epoch(runner, metrics)


def _validation_is_due(runner: Runner) -> bool:
    loop, done = runner.train_loop, runner.iter
    if runner.val_loop is None or done < max(1, loop.val_begin):
        return False
    return done % loop.val_interval == 0 or done == loop.max_iters
