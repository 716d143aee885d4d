"""Deterministic weights and images behind ``tests/data/release_logits_2x128x160.npz``.

Every tensor of the authors' release (name and shape in ``release_tensors.tsv``) gets values
that depend on its name and a seed alone; the logits are those of the release with them.
"""

import csv
import zlib
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).resolve().parents[1] / 'data'
LOGITS = DATA / 'release_logits_2x128x160.npz'


def generator(*seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(list(seed)))


def shapes(num_classes: int) -> dict[str, tuple[int, ...]]:
    with (DATA / 'release_tensors.tsv').open(newline='') as rows:
        return {
            name: tuple(
                int(num_classes if d == 'num_classes' else d) for d in shape.split('x') if d
            )
            for name, shape in csv.reader(rows, delimiter='\t')
        }


def values(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = generator(seed, zlib.crc32(name.encode()))
    if name.endswith('num_batches_tracked'):
        return np.zeros(shape, np.int64)
    if name.endswith('running_mean'):
        return 0.1 * rng.standard_normal(shape)
    if name.endswith('running_var'):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) == 4:
        return rng.standard_normal(shape) * np.sqrt(2.0 / np.prod(shape[1:]))
    if name.endswith('weight'):
        return rng.uniform(0.4, 0.8, shape)
    return 0.1 * rng.standard_normal(shape)


def release_state_dict(seed: int, num_classes: int) -> dict[str, torch.Tensor]:
    tensors = {}
    for name, shape in shapes(num_classes).items():
        tensor = torch.as_tensor(values(name, shape, seed))
        tensors[name] = tensor.float() if tensor.is_floating_point() else tensor
    return tensors


def image(seed: int, height: int, width: int) -> torch.Tensor:
    rng = np.random.Generator(np.random.PCG64(seed))
    return torch.from_numpy(rng.standard_normal((1, 3, height, width)).astype(np.float32))
