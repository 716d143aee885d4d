"""A stream of training samples each of which is a pure function of the seed and its position.

Neither the workers, nor a kill, nor the number of processes change what stands at a position
of the stream: the sampler draws the sample from (seed, position), and the data set seeds every
generator that augmentation may use from the same two numbers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sized
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler


class Draw(NamedTuple):
    """The sample at a position of the stream.

    Args:
        number: of the sample in its data set.
        seed: seed of the run.
        position: position in the stream that all processes share, from 0.
    """

    number: int
    seed: int
    position: int


def seed_generators(*entropy: int) -> None:
    """Seed Python's, NumPy's and torch's global generators.

    Args:
        *entropy: non-negative numbers; other numbers give unrelated sequences.
    """
    state = np.random.SeedSequence(entropy).generate_state(3)
    random.seed(int(state[0]))
    # The transforms of mmcv and mmseg draw from NumPy's global generator.
    np.random.seed(int(state[1]))  # noqa: NPY002
    torch.manual_seed(int(state[2]))


@DATASETS.register_module()
class SeededDataset(Dataset):
    """Read the samples of a data set as a ``StreamSampler`` drew them.

    Args:
        dataset: any data set that is indexed by whole numbers, or its config.
    """

    def __init__(self, *, dataset: Mapping[str, Any] | Dataset) -> None:
        self.dataset: Any = dataset
        if isinstance(dataset, Mapping):
            self.dataset = DATASETS.build(dict(dataset))

    @property
    def metainfo(self) -> dict:
        """Classes and palette of the data set."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """List the samples, if the data set left that for later."""
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: Draw) -> Any:
        seed_generators(draw.seed, draw.position)
        return self.dataset[draw.number]


@DATA_SAMPLERS.register_module()
class StreamSampler(Sampler):
    """Draw samples without end, shuffled anew in every pass through the data set.

    Process r of n takes the positions r, r + n, r + 2n, ...: the first batch of four processes
    holds what the first batch of one process holds at four times the batch size.

    Args:
        dataset: what is drawn from; only its length matters.
        shuffle: whether to shuffle.
        seed: seed of the run, the same in all processes.
    """

    def __init__(self, dataset: Sized, *, shuffle: bool = True, seed: int = 0) -> None:
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed
        self.rank, self.world_size = get_dist_info()
        self._start = 0

    def skip(self, num_samples: int) -> None:
        """Start behind the first samples of this process; nothing is loaded.

        Args:
            num_samples: samples that this process has seen, counted from the stream's start.
        """
        self._start = num_samples

    def __iter__(self) -> Iterator[Draw]:
        size = len(self.dataset)
        position = self._start * self.world_size + self.rank
        current, order = None, []
        while True:
            current_pass, within = divmod(position, size)
            if current_pass != current:
                current, order = current_pass, self._order(current_pass)
            yield Draw(order[within], self.seed, position)
            position += self.world_size

    def _order(self, number: int) -> list[int]:
        size = len(self.dataset)
        if not self.shuffle:
            return list(range(size))
        # 1: the samples' own sequences are those of (seed, position).
        sequence = np.random.SeedSequence((self.seed, number, 1))
        return np.random.default_rng(sequence).permutation(size).tolist()

    def __len__(self) -> int:
        return len(self.dataset)
