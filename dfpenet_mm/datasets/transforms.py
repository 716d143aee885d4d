"""Transforms that mmseg lacks: blur, and statistics of bands."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
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


@TRANSFORMS.register_module()
class RandomGaussianBlur(BaseTransform):
    """Blur ``img`` with a Gaussian whose sigma is drawn uniformly from a range.

    mmseg's own ``BioMedicalGaussianBlur`` wants channels first and volumes, and blurs every
    channel differently, which would give the bands of one camera different optics.

    Args:
        prob: share of the chips that are blurred, in [0, 1].
        sigma: least and greatest standard deviation, pixels, 0 <= least <= greatest.

    Raises:
        ConfigError: if a number is out of its range.

    Source: section 3.2.5 names the blur and gives no numbers; the defaults are those that
    training codes of DeepLab commonly use.
    """

    def __init__(self, *, prob: float = 0.5, sigma: tuple[float, float] = (0.0, 1.0)) -> None:
        least, greatest = sigma
        if not 0 <= prob <= 1 or not 0 <= least <= greatest:
            raise ConfigError(
                f'RandomGaussianBlur got prob={prob} and sigma={tuple(sigma)}; give a prob in '
                f'[0, 1] and a sigma of two pixel sizes, the smaller first'
            )
        self.prob = prob
        self.sigma = (float(least), float(greatest))

    @cache_randomness
    def draw(self) -> float:
        """Return the sigma of the next chip, pixels; 0 leaves it as it is."""
        return np.random.uniform(*self.sigma) if np.random.random() < self.prob else 0.0  # noqa: NPY002

    def transform(self, results: dict) -> dict:
        """Blur ``img``, shape (rows, cols, bands); its type stays."""
        sigma = self.draw()
        if sigma > 0:
            image = results['img']
            # OpenCV drops the axis of a single band.
            results['img'] = cv2.GaussianBlur(image, (0, 0), sigma).reshape(image.shape)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, sigma={self.sigma})'
