"""Train by iterations each of which is a pure function of the seed and its number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.dist import barrier, get_world_size
from mmengine.runner import IterBasedTrainLoop, Runner
from mmseg.registry import LOOPS

from dfpenet_mm.engine.hooks import ResumableCheckpointHook
from dfpenet_mm.engine.sample_stream import SeededDataset, StreamSampler, seed_generators
from dfpenet_mm.engine.stop_request import StopRequest
from dfpenet_mm.errors import ConfigError

# What torch says where a batch normalisation cannot compute a deviation.
NO_DEVIATION = 'Expected more than 1 value per channel'
# Samplers that draw without end, as StreamSampler does, and so may be replaced by it.
ENDLESS = ('InfiniteSampler', 'mmengine.InfiniteSampler', 'StreamSampler', StreamSampler)


def stream_dataloader(dataloader: Mapping[str, Any]) -> dict[str, Any]:
    """Let a training dataloader draw its samples from a resumable stream.

    Args:
        dataloader: config with a data set of any type and an endless sampler.

    Returns:
        The config with both replaced; nothing else is touched.

    Raises:
        ConfigError: if the sampler is another one.
    """
    sampler = dict(dataloader.get('sampler') or {'type': 'StreamSampler'})
    if sampler.get('type') not in ENDLESS or dataloader.get('batch_sampler'):
        raise ConfigError(
            f'train_dataloader draws by {dataloader.get("batch_sampler") or sampler}, wanted is '
            f"sampler=dict(type='InfiniteSampler', shuffle=...) without a batch_sampler; take "
            f"that, or train by train_cfg=dict(type='IterBasedTrainLoop'), whose runs do not "
            f'resume exactly'
        )
    return {
        **dataloader,
        'dataset': {'type': SeededDataset, 'dataset': dataloader['dataset']},
        'sampler': {'type': StreamSampler, 'shuffle': sampler.get('shuffle', True)},
    }


def share_batch(size: int, processes: int) -> int:
    """Divide a batch among the processes that train together.

    Args:
        size: samples of an iteration, over all processes.
        processes: how many there are.

    Returns:
        Samples of each process.

    Raises:
        ConfigError: if they do not divide evenly.
    """
    if size % processes:
        fits = [n for n in range(1, size + 1) if size % n == 0]
        raise ConfigError(
            f'train_dataloader.batch_size is {size} in all, which {processes} processes cannot '
            f'share evenly; start {" or ".join(map(str, fits))}, or set batch_size to a multiple '
            f'of {processes} and optim_wrapper.optimizer.lr to fit it'
        )
    return size // processes


def check_batch(config: Mapping[str, Any]) -> None:
    """Refuse a batch that the processes of a run cannot share, before anything slow is done.

    Raises:
        ConfigError: as of ``share_batch``; other loops than ours do not share.
    """
    ours = config['train_cfg'].get('type') in (ResumableTrainLoop, ResumableTrainLoop.__name__)
    if ours and not scales_rate(config):
        share_batch(config['train_dataloader'].get('batch_size', 1), get_world_size())


def scales_rate(config: Mapping[str, Any]) -> bool:
    """Tell whether mmengine shall fit the learning rate to a batch that grows with processes."""
    return bool((config.get('auto_scale_lr') or {}).get('enable'))


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """mmengine's loop by iterations, but a killed run resumes to the very same weights.

    mmengine resumes the order of the samples, but neither the generators of its workers,
    which draw the augmentations, nor that of the main process, which draws the dropouts. Here
    each sample is seeded by its position in the stream and each iteration by its number, so
    that nothing needs to be stored. On a CPU the weights come out bit-equal, given the same
    number of processes and threads; on a GPU as far as cuDNN is deterministic.

    ``batch_size`` is that of an iteration: processes share it, so that a run on four GPUs is
    the run on one, at the learning rate that the config states. With mmengine's
    ``auto_scale_lr=dict(enable=True, base_batch_size=...)`` it is each process's instead, as in
    other OpenMMLab projects, and the learning rate grows with the batch.

    SIGTERM and SIGHUP end a run after the iteration that they meet, with a checkpoint of its
    ``ResumableCheckpointHook``; during a validation at once, where one was written before it.

    Args:
        runner: the runner.
        dataloader: config of the training dataloader; its ``batch_size`` is that of all
            processes together.
        max_iters: iterations to train.
        val_begin: first iteration that may be followed by a validation.
        val_interval: iterations between validations.
        dynamic_intervals: (iteration, interval) pairs that change ``val_interval``.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: Mapping[str, Any],
        *,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: list[tuple[int, int]] | None = None,
    ) -> None:
        processes = get_world_size()
        size = dataloader['batch_size']
        each = size if scales_rate(runner.cfg) else share_batch(size, processes)
        if processes > 1:
            runner.logger.info(
                f'A batch of {each * processes} in all: {processes} processes of {each}'
            )
        super().__init__(
            runner,
            stream_dataloader({**dataloader, 'batch_size': each}),
            max_iters=max_iters,
            val_begin=val_begin,
            val_interval=val_interval,
            dynamic_intervals=dynamic_intervals,
        )
        self._within = False
        self._stop = StopRequest(self._nothing_would_be_lost)

    def run(self) -> Any:
        """Train to the last iteration."""
        # A checkpoint brings its run's seed after the dataloader was built.
        self.dataloader.sampler.seed = self.runner.seed
        validation = self.runner.val_loop
        loaders = [self.dataloader, *([validation.dataloader] if validation else [])]
        with self._stop.awaited(*loaders):
            return super().run()

    def run_iter(self, data_batch: Any) -> None:
        """Train one iteration, its random numbers seeded by its number and the process."""
        # 2: unlike the samples and their order, which (seed, position) and 1 seed.
        seed_generators(self.runner.seed, self.iter, self.runner.rank, 2)
        self._within = True
        try:
            super().run_iter(data_batch)
        except ValueError as error:
            if NO_DEVIATION not in str(error):
                raise
            raise ConfigError(
                f'this network cannot be trained on one sample at a time: a batch normalisation '
                f'sees a single value a channel ({error}); set train_dataloader.batch_size to '
                f'{2 * get_world_size()} or more, or take a normalisation without batches, such '
                f"as norm_cfg=dict(type='GN', num_groups=8)"
            ) from error
        self._within = False
        # No checkpoint holds the gradients that accumulate within a step of the optimiser.
        step_ends = self.iter % getattr(self.runner.optim_wrapper, '_accumulative_counts', 1) == 0
        if self._stop.agreed() and step_ends:
            self._end_early()

    def _end_early(self) -> None:
        for hook in self._checkpoint_hooks():
            hook.save_now(self.runner)
        self.runner.logger.info(
            f'Asked to end: training stops after iteration {self.iter}; --resume goes on there'
        )
        # Launchers end all processes with the first, and one may still be writing.
        barrier()
        self._stop.pass_on()

    def _nothing_would_be_lost(self) -> bool:
        hooks = self._checkpoint_hooks()
        return not self._within and any(hook.holds(self.iter) for hook in hooks)

    def _checkpoint_hooks(self) -> list[ResumableCheckpointHook]:
        return [hook for hook in self.runner.hooks if isinstance(hook, ResumableCheckpointHook)]
