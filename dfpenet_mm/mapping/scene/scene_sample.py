"""Take a few windows out of a scene, to measure or calibrate a predictor on."""

from __future__ import annotations

import numpy as np

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.chips import make_chip
from dfpenet_mm.mapping.scene.fitted_scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene

# Windows with more nodata than this are passed over while there are others.
LEAST_VALID = 0.5


def sample_chips(
    scene: Scene, scaling: FittedScaling, *, window: int, count: int, seed: int = 0
) -> np.ndarray:
    """Make chips of windows that lie anywhere in a scene.

    Args:
        scene: the open scene.
        scaling: brings its values to training units.
        window: side of a window, pixels.
        count: most chips, at least 1; windows do not overlap, so that a small scene gives
            fewer.
        seed: of the order in which windows are tried.

    Returns:
        Shape (N, B, window, window), float32, training units. Mostly valid windows come first.

    Raises:
        EmptySceneError: if no window has a valid pixel.
        InputFileError: if the scene is damaged.
    """
    plan = WindowPlan(scene.shape, window, window)
    windows = [found for block in plan.blocks for found in block.windows]
    full, partial = [], []
    for index in np.random.default_rng(seed).permutation(len(windows)):
        bands, valid = scene.read(windows[index])
        if valid.any():
            chips = full if valid.mean() >= LEAST_VALID else partial
            if len(chips) < count:
                chips.append(make_chip(bands, valid, scaling, window))
        if len(full) == count:
            break
    chosen = (full + partial)[:count]
    if not chosen:
        raise EmptySceneError(f'{scene.path} has no valid pixel; give another image')
    return np.stack(chosen)
