"""What a predictor is, and how one is built from a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from dfpenet_mm.components import build_component
from dfpenet_mm.mapping.registry import PREDICTORS


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
