"""Bring images of one data set to the values of another, for a network trained on that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from dfpenet_mm.errors import ConfigError


@TRANSFORMS.register_module()
class MatchBandStatistics(BaseTransform):
    """Map every band of ``img`` linearly from one mean and deviation to another.

    The result is float32. The numbers are those of whole training sets, so that an image that
    is brighter than its neighbours stays brighter.

    Args:
        mean: mean of each band over the images' own training set.
        std: its standard deviation.
        target_mean: mean of each band over the training set of the network.
        target_std: its standard deviation.

    Raises:
        ConfigError: if the four are not equally long, or a deviation is not positive.
    """

    def __init__(
        self,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        target_mean: Sequence[float],
        target_std: Sequence[float],
    ) -> None:
        if not len(mean) == len(std) == len(target_mean) == len(target_std) or min(std) <= 0:
            raise ConfigError(
                f'MatchBandStatistics has mean {mean}, std {std}, target_mean {target_mean} and '
                f'target_std {target_std}; give one number a band in each, and std above 0'
            )
        self.gain = np.array(target_std, np.float32) / np.array(std, np.float32)
        self.offset = np.array(target_mean, np.float32) - self.gain * np.array(mean, np.float32)

    def transform(self, results: dict) -> dict:
        """Replace ``img``, shape (rows, cols, bands)."""
        results['img'] = results['img'].astype(np.float32) * self.gain + self.offset
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(gain={self.gain}, offset={self.offset})'
