"""Predictors: their interface, how a config builds one, and the mean over mirrored views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from dfpenet_mm.components import Registry, build_component
from dfpenet_mm.errors import ConfigError

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


# Axes (of N, B, H, W) that a view of a chip has mirrored, by the setting ``flips``.
VIEWS: dict[int, tuple[tuple[int, ...], ...]] = {
    False: ((),),
    2: ((), (2, 3)),
    True: ((), (3,), (2,), (2, 3)),
}


def views_of(flips: bool | int) -> tuple[tuple[int, ...], ...]:
    """Return the axes that each view of a chip has mirrored.

    Args:
        flips: False for the chip as it is, 2 for it and half a turn of it, True for its four
            mirrorings.

    Raises:
        ConfigError: if it is something else.
    """
    if not isinstance(flips, int) or flips not in VIEWS:
        raise ConfigError(
            f'flips is {flips!r}; give True for the mean of four mirrorings, 2 for that of a '
            f'window and its half turn, or False for none'
        )
    return VIEWS[flips]


def average_views(
    predict: Callable[[np.ndarray], np.ndarray],
    chips: np.ndarray,
    views: tuple[tuple[int, ...], ...],
) -> np.ndarray:
    """Predict chips in several views.

    The views go to ``predict`` together, chip by chip in their order, so that it may run
    them at the same time.

    Args:
        predict: from chips, shape (M, B, H, W), to probabilities, shape (M, H, W).
        chips: shape (N, B, H, W), float32.
        views: as ``views_of`` gives them.

    Returns:
        Mean probability, shape (N, H, W), float32, in the orientation of the chips.
    """
    if len(views) == 1:
        return predict(chips)
    mirrored = np.stack([np.flip(chips, axes) for axes in views], axis=1)
    found = predict(mirrored.reshape(-1, *chips.shape[1:]))
    found = found.reshape(len(chips), len(views), *found.shape[1:])
    total = np.zeros(found[:, 0].shape, np.float32)
    for index, axes in enumerate(views):
        total += np.flip(found[:, index], tuple(axis - 1 for axis in axes))
    return total / np.float32(len(views))
