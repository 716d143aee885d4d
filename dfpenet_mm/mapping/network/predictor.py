"""Predictors: their interface, how a config builds one, and the averaging over flips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from dfpenet_mm.components import Registry, build_component

SCALINGS = Registry(
    'scaling',
    locations={
        'GroundStretch': 'dfpenet_mm.mapping.scene.ground_stretch',
        'LinearScale': 'dfpenet_mm.mapping.scene.scaling',
        'PercentileStretch': 'dfpenet_mm.mapping.scene.scaling',
    },
)
PREDICTORS = Registry(
    'predictor',
    locations={
        'OpenVinoPredictor': 'dfpenet_mm.mapping.network.predictor_openvino',
        'TorchPredictor': 'dfpenet_mm.mapping.network.predictor_torch',
    },
)


class Predictor(Protocol):
    """A network behind one call; normalising is its own business."""

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Predict landslide.

        Args:
            chips: shape (N, B, H, W), float32, training units, N at least 1.

        Returns:
            Probability of landslide, shape (N, H, W), float32, in [0, 1].
        """
        ...


def build_predictor(cfg: Mapping[str, Any], **given: Any) -> Predictor:
    """Build a predictor from ``dict(type=..., ...)``.

    Args:
        cfg: type and arguments of a predictor in PREDICTORS.
        **given: arguments that are no config values, such as ``model``.

    Returns:
        The predictor.

    Raises:
        ConfigError: if the type is unknown or its arguments do not fit.
    """
    return build_component(PREDICTORS, cfg, **given)


# Axes (of N, B, H, W) mirrored: identity, horizontal, vertical, both.
FLIPS = ((), (3,), (2,), (2, 3))


def average_flips(
    predict: Callable[[np.ndarray], np.ndarray], chips: np.ndarray, *, flips: bool
) -> np.ndarray:
    """Predict chips, mirrored in four ways if asked.

    The mirrorings go to ``predict`` together, chip by chip in their order, so that it may run
    them at the same time.

    Args:
        predict: from chips, shape (M, B, H, W), to probabilities, shape (M, H, W).
        chips: shape (N, B, H, W), float32.
        flips: whether to average over the mirrorings; otherwise ``predict`` sees the chips
            as they are.

    Returns:
        Probability, shape (N, H, W), float32, in the orientation of the chips.
    """
    if not flips:
        return predict(chips)
    mirrored = np.stack([np.flip(chips, axes) for axes in FLIPS], axis=1)
    found = predict(mirrored.reshape(-1, *chips.shape[1:]))
    found = found.reshape(len(chips), len(FLIPS), *found.shape[1:])
    total = np.zeros(found[:, 0].shape, np.float32)
    for index, axes in enumerate(FLIPS):
        total += np.flip(found[:, index], tuple(axis - 1 for axis in axes))
    return total / np.float32(len(FLIPS))
