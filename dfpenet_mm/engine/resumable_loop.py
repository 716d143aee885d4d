"""Train by iterations each of which is a pure function of the seed and its number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.runner import IterBasedTrainLoop, Runner
from mmseg.registry import LOOPS

from dfpenet_mm.engine.sample_stream import SeededDataset, StreamSampler, seed_generators
from dfpenet_mm.errors import ConfigError

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


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """mmengine's loop by iterations, but a killed run resumes to the very same weights.

    mmengine resumes the order of the samples, but neither the generators of its workers,
    which draw the augmentations, nor that of the main process, which draws the dropouts. Here
    each sample is seeded by its position in the stream and each iteration by its number, so
    that nothing needs to be stored. On a CPU the weights come out bit-equal, given the same
    number of processes and threads; on a GPU as far as cuDNN is deterministic.

    Args:
        runner: the runner.
        dataloader: config of the training dataloader.
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
        super().__init__(
            runner,
            stream_dataloader(dataloader),
            max_iters=max_iters,
            val_begin=val_begin,
            val_interval=val_interval,
            dynamic_intervals=dynamic_intervals,
        )

    def run(self) -> Any:
        """Train to the last iteration."""
        # A checkpoint brings its run's seed after the dataloader was built.
        self.dataloader.sampler.seed = self.runner.seed
        return super().run()

    def run_iter(self, data_batch: Any) -> None:
        """Train one iteration, its random numbers seeded by its number and the process."""
        # 2: unlike the samples and their order, which (seed, position) and 1 seed.
        seed_generators(self.runner.seed, self.iter, self.runner.rank, 2)
        super().run_iter(data_batch)
