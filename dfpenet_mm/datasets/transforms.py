"""Transforms of values that mmseg lacks: blur, statistics of bands, stretches and sensors."""

# The stream of samples seeds NumPy's global generator for every sample.
# ruff: noqa: NPY002

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from dfpenet_mm.errors import ConfigError

# Bands that are flatter than this are not stretched further.
FLAT = 1e-3
# Values that a sensor may show in 8 bit, somewhat beyond them as a stretch does.
REACH = (-30, 300)
# Shares of the samples with another gamma, and with haze at full strength.
BENT, HAZY = 0.7, 0.2


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
        return np.random.uniform(*self.sigma) if np.random.random() < self.prob else 0.0

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


@TRANSFORMS.register_module()
class RandomPercentileStretch(BaseTransform):
    """Stretch ``img`` between its own percentiles, as a scene is when it is mapped.

    The percentiles are drawn, those of all bands alike: a cut-out of a scene has others than the
    scene. The result is float32 and is not clipped.

    Args:
        target_lower: value of the lower percentile in each band.
        target_upper: value of the upper one.
        prob: share of the samples that are stretched, in [0, 1].
        lower: range of the lower percentile.
        upper: range of the upper percentile.

    Raises:
        ConfigError: if a number is out of its range, or the targets are not equally long.
    """

    def __init__(
        self,
        *,
        target_lower: Sequence[float],
        target_upper: Sequence[float],
        prob: float = 1.0,
        lower: tuple[float, float] = (0.2, 4.0),
        upper: tuple[float, float] = (95.0, 99.8),
    ) -> None:
        ordered = 0 <= lower[0] <= lower[1] < upper[0] <= upper[1] <= 100
        if not (ordered and 0 <= prob <= 1 and len(target_lower) == len(target_upper)):
            raise ConfigError(
                f'RandomPercentileStretch got prob={prob}, lower={tuple(lower)}, upper='
                f'{tuple(upper)} and targets of {len(target_lower)} and {len(target_upper)} '
                f'bands; give a prob in [0, 1], percentiles in order and targets for each band'
            )
        self.prob = prob
        self.lower = (float(lower[0]), float(lower[1]))
        self.upper = (float(upper[0]), float(upper[1]))
        self.target_lower = np.array(target_lower, np.float32)
        self.target_upper = np.array(target_upper, np.float32)

    def transform(self, results: dict) -> dict:
        """Replace ``img``, shape (rows, cols, bands)."""
        image = results['img'].astype(np.float32)
        if np.random.rand() < self.prob:
            low = np.percentile(image, np.random.uniform(*self.lower), axis=(0, 1))
            high = np.percentile(image, np.random.uniform(*self.upper), axis=(0, 1))
            share = (image - low) / np.maximum(high - low, FLAT)
            image = share * (self.target_upper - self.target_lower) + self.target_lower
        results['img'] = image.astype(np.float32)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(prob={self.prob}, lower={self.lower}, upper={self.upper}, '
            f'target_lower={self.target_lower}, target_upper={self.target_upper})'
        )


@TRANSFORMS.register_module()
class RandomSensor(BaseTransform):
    """Show ``img`` as another sensor, on another day, may have seen it.

    In this order: gamma, gain, contrast and offset of all bands and of each, haze, blur, noise,
    and sometimes grey or exchanged bands (false colour). What a network still sees is form. The
    values are those of 8 bit; the result is float32 in [-30, 300].

    Args:
        strength: factor of the standard deviations of gamma (0.25 of its logarithm), gain (0.15
            and, by band, 0.07), contrast and brightness (0.1) and offset (8 and, by band, 4),
            and of the share with haze (0.2); 0 leaves blur, noise, grey and exchanged bands.
        blur: share of the samples that are blurred, with a sigma of 0.3 to 1.2 pixels.
        noise: share with noise of 1 to 6.
        grey: share whose bands become their mean.
        swap: share whose bands are put in any order.

    Raises:
        ConfigError: if a number is out of its range.
    """

    def __init__(
        self,
        *,
        strength: float = 1.0,
        blur: float = 0.3,
        noise: float = 0.2,
        grey: float = 0.05,
        swap: float = 0.1,
    ) -> None:
        shares = (blur, noise, grey, swap, grey + swap)
        if strength < 0 or min(shares) < 0 or max(shares) > 1:
            raise ConfigError(
                f'RandomSensor got strength={strength}, blur={blur}, noise={noise}, grey={grey} '
                f'and swap={swap}; give a strength of 0 or more and shares in [0, 1], those of '
                f'grey and swap together too'
            )
        self.strength = strength
        self.blur, self.noise = blur, noise
        self.grey, self.swap = grey, swap

    def transform(self, results: dict) -> dict:
        """Replace ``img``, shape (rows, cols, bands)."""
        image = self._toned(np.clip(results['img'].astype(np.float32), 0, 255))
        if np.random.rand() < HAZY * self.strength:
            haze = np.random.uniform(0, 0.4)
            image = image * (1 - haze) + haze * np.random.uniform(120, 230)
        if np.random.rand() < self.blur:
            shape = image.shape
            image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), np.random.uniform(0.3, 1.2))
            image = image.reshape(shape)
        if np.random.rand() < self.noise:
            image = image + np.random.normal(0, np.random.uniform(1, 6), image.shape)
        image = np.clip(self._recoloured(image), *REACH)
        results['img'] = np.ascontiguousarray(image, dtype=np.float32)
        return results

    def _toned(self, image: np.ndarray) -> np.ndarray:
        """Change gamma, then gain and contrast about the bands' means, and brightness."""
        strength, bands, normal = self.strength, image.shape[2], np.random.normal
        if np.random.rand() < BENT:
            image = 255 * (image / 255) ** np.exp(normal(0, 0.25 * strength))
        gain = np.exp(normal(0, 0.15 * strength) + normal(0, 0.07 * strength, bands))
        offset = normal(0, 8 * strength) + normal(0, 4 * strength, bands)
        mean = image.mean((0, 1))
        contrast, brightness = np.exp(normal(0, 0.1 * strength, 2))
        return (image - mean) * gain * contrast + mean * brightness + offset

    def _recoloured(self, image: np.ndarray) -> np.ndarray:
        chance = np.random.rand()
        if chance < self.grey:
            return np.repeat(image.mean(2, keepdims=True), image.shape[2], 2)
        if chance < self.grey + self.swap:
            return image[..., np.random.permutation(image.shape[2])]
        return image

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(strength={self.strength}, blur={self.blur}, '
            f'noise={self.noise}, grey={self.grey}, swap={self.swap})'
        )
