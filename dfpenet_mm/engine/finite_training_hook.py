"""Stop a training whose loss or weights are no numbers any more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from dfpenet_mm.engine.checkpoint_file import not_finite
from dfpenet_mm.errors import TrainingError

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
                f'{len(broken)} tensors of the network are NaN or infinite ({broken[0]}), which '
                f'no checkpoint shall hold',
            )


def _diverged(runner: Runner, what: str) -> TrainingError:
    rates = [rate for rates in runner.optim_wrapper.get_lr().values() for rate in rates]
    return TrainingError(
        f'in iteration {runner.iter + 1} {what}, so training has stopped; lower '
        f'optim_wrapper.optimizer.lr (the largest rate now is {max(rates):.3g}), limit the '
        f'gradients with optim_wrapper.clip_grad.max_norm, and see what tools/check_data.py says '
        f'about the images, then train again, or go on from the last checkpoint with --resume'
    )
