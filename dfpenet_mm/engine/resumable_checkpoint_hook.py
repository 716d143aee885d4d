"""Write checkpoints from which a killed run goes on as if it had not been killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

import dfpenet_mm.engine.atomic_storage  # noqa: F401  registers the backend
from dfpenet_mm.errors import ConfigError

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
