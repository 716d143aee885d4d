"""From the pixels of a window to the chip a network is given."""

from __future__ import annotations

import numpy as np

from dfpenet_mm.mapping.scene.fitted_scaling import FittedScaling


def make_chip(
    bands: np.ndarray, valid: np.ndarray, scaling: FittedScaling, window: int
) -> np.ndarray:
    """Scale a window's pixels, hide its nodata and pad it to the window size.

    Nodata becomes the mean of the chip's valid pixels: the value with the faintest edge,
    so that the rim of a scene does not read as a scarp.

    Args:
        bands: shape (B, H, W), float32, the scene's units, finite.
        valid: shape (H, W), bool, at least one True.
        scaling: brings bands to training units.
        window: side of the chip, pixels, at least H and W.

    Returns:
        Shape (B, window, window), float32, training units; the scene lies at the upper
        left and is mirrored beyond its end.
    """
    chip = scaling.apply(bands)
    if not valid.all():
        chip[:, ~valid] = chip[:, valid].mean(axis=1, keepdims=True)
    rows, cols = valid.shape
    if (rows, cols) != (window, window):
        chip = np.pad(chip, ((0, 0), (0, window - rows), (0, window - cols)), 'symmetric')
    return chip
