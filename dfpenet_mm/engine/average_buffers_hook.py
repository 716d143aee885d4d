"""Keep the running statistics of batch normalisation equal in all processes."""

from __future__ import annotations

from mmengine.dist import all_reduce_params
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


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
