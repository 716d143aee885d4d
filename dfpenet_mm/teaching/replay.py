"""Chips of ground that a network knows, beside its weights: what it says of them shall stay."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from dfpenet_mm.errors import CheckpointError, EmptySceneError
from dfpenet_mm.files import whole_file
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.batch_reader import make_chip
from dfpenet_mm.mapping.scene.scaling import Scaling
from dfpenet_mm.mapping.scene.scene import Scene

SUFFIX = '_replay.npz'
# What NumPy raises on bytes that are no such file, or no longer.
DAMAGE = (
    *(ValueError, TypeError, KeyError, EOFError, NotImplementedError, OverflowError),
    *(zipfile.BadZipFile, zlib.error),
)


def replay_file(checkpoint: Path) -> Path:
    """Return where the chips of a network lie, if it has any."""
    return checkpoint.with_name(f'{checkpoint.stem}{SUFFIX}')


def read_replay(checkpoint: Path, *, bands: int, side: int) -> np.ndarray | None:
    """Read the chips of a network.

    Args:
        checkpoint: its weights.
        bands: that it sees.
        side: of its windows, pixels.

    Returns:
        Shape (N, bands, side, side), float32, training units; None where it has none.

    Raises:
        CheckpointError: if the file is damaged or of another network.
    """
    path = replay_file(checkpoint)
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:
            chips = kept['chips'].astype(np.float32)
    except OSError as error:
        raise CheckpointError(
            f'{path} cannot be read ({error.strerror or error}); copy it again, or remove it'
        ) from error
    except DAMAGE as error:
        raise CheckpointError(
            f'{path} is damaged, or no file of chips; copy it again, or remove it'
        ) from error
    if chips.ndim != 4 or chips.shape[1:] != (bands, side, side) or not len(chips):
        raise CheckpointError(
            f'{path} holds an array of shape {chips.shape}, wanted are chips of {bands} bands and '
            f'{side} pixels; copy it again, or remove it'
        )
    return chips


def write_replay(scene: Scene, scaling: Scaling, target: Path, *, side: int, most: int = 64) -> int:
    """Cut chips spread over a scene of ground that a network knows.

    Args:
        scene: open.
        scaling: of 8 bit units, fitted to it.
        target: file.
        side: of a chip, pixels.
        most: chips.

    Returns:
        Their number.

    Raises:
        EmptySceneError: if no window is all image.
        OutputError: if the disk refuses.
    """
    fitted = scaling.fit(scene)
    windows = [
        window for block in WindowPlan(scene.shape, side, side).blocks for window in block.windows
    ]
    chips = []
    for window in windows:
        bands, valid = scene.read(Window(window.col_off, window.row_off, side, side))
        if valid.shape == (side, side) and valid.all():
            chips.append(make_chip(bands, valid, fitted, side))
    if not chips:
        raise EmptySceneError(f'{scene.path} has no window of {side} pixels that is all image')
    chosen = np.linspace(0, len(chips) - 1, min(most, len(chips))).round().astype(int)
    values = np.clip(np.rint(np.stack([chips[index] for index in chosen])), 0, 255).astype(np.uint8)
    with whole_file(target) as part, part.open('wb') as file:
        np.savez_compressed(file, chips=values)
    return len(values)
