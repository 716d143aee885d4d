"""Samples shown in pixels of another size on the ground."""

# The stream of samples seeds NumPy's global generator for every sample.
# ruff: noqa: NPY002

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.vocabulary import LANDSLIDE

# Places that are tried for a crop with landslides, and the share that it seeks.
TRIES = 10
SOUGHT = (0.02, 0.9)


@TRANSFORMS.register_module()
class RandomPixelSize(BaseTransform):
    """Show a part of a sample in pixels of another size on the ground.

    The size is drawn log-uniformly, a place for the crop uniformly. Larger pixels are means over
    their area, smaller ones are interpolated linearly; a pixel's label is the one that most of
    its area has. What a sample lacks in ground is mirrored, with its labels, around a place that
    is drawn as well. ``img`` becomes float32.

    Args:
        pixel_sizes: least and greatest size drawn, metres.
        crop_size: rows and columns of the result, pixels.
        as_is: share of the crops that keep the sample's own pixels, in [0, 1].
        seek: share of the crops for which up to ten places are tried until between 2 and 90 %
            of the crop are landslide, so that small landslides in large images are met.

    Raises:
        ConfigError: if a number is out of its range, or a sample has no ``pixel_size``.
    """

    def __init__(
        self,
        *,
        pixel_sizes: tuple[float, float],
        crop_size: tuple[int, int] = (128, 128),
        as_is: float = 0.0,
        seek: float = 0.7,
    ) -> None:
        least, greatest = pixel_sizes
        shares = 0 <= as_is <= 1 and 0 <= seek <= 1
        if not (shares and 0 < least <= greatest and min(crop_size) > 0):
            raise ConfigError(
                f'RandomPixelSize got pixel_sizes={tuple(pixel_sizes)}, crop_size='
                f'{tuple(crop_size)}, as_is={as_is} and seek={seek}; give two sizes in metres '
                f'above 0, the smaller first, rows and columns, and two shares in [0, 1]'
            )
        self.pixel_sizes = (float(least), float(greatest))
        self.crop_size = tuple(crop_size)
        self.as_is = as_is
        self.seek = seek

    @cache_randomness
    def draw(self, own: float) -> float:
        """Return how many pixels of the result a pixel of the sample becomes, along one axis."""
        if np.random.rand() < self.as_is:
            return 1.0
        return own / float(np.exp(np.random.uniform(*np.log(self.pixel_sizes))))

    def transform(self, results: dict) -> dict:
        """Replace ``img``, ``gt_seg_map`` and ``img_shape``."""
        own = results.get('pixel_size')
        if own is None:
            raise ConfigError(
                'RandomPixelSize was given a sample without a pixel size; set pixel_size of its '
                'data set to the size of a pixel on the ground in metres'
            )
        factor = self.draw(own)
        image, labels = self._crop(results['img'], results['gt_seg_map'], factor)
        shape = tuple(
            min(most, max(1, round(length * factor)))
            for most, length in zip(self.crop_size, labels.shape, strict=True)
        )
        image = image.astype(np.float32)
        if shape != labels.shape:
            image, labels = _resampled(image, shape, factor), _voted(labels, shape, factor)
        results['img'], results['gt_seg_map'] = self._mirrored(image, labels.copy())
        results['img_shape'] = self.crop_size
        return results

    def _crop(
        self, image: np.ndarray, labels: np.ndarray, factor: float
    ) -> tuple[np.ndarray, np.ndarray]:
        rows, cols = (
            min(max(1, round(wanted / factor)), there)
            for wanted, there in zip(self.crop_size, labels.shape, strict=True)
        )
        for _ in range(TRIES if np.random.rand() < self.seek else 1):
            row = np.random.randint(0, labels.shape[0] - rows + 1)
            col = np.random.randint(0, labels.shape[1] - cols + 1)
            place = slice(row, row + rows), slice(col, col + cols)
            if SOUGHT[0] < (labels[place] == LANDSLIDE).mean() < SOUGHT[1]:
                break
        return image[place], labels[place]

    def _mirrored(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        rows, cols = (
            wanted - there for wanted, there in zip(self.crop_size, arrays[-1].shape, strict=True)
        )
        if not (rows or cols):
            return arrays
        top, left = np.random.randint(0, rows + 1), np.random.randint(0, cols + 1)
        sides = (top, rows - top, left, cols - left)
        return tuple(
            cv2.copyMakeBorder(array, *sides, cv2.BORDER_REFLECT_101).reshape(
                *self.crop_size, *array.shape[2:]
            )
            for array in arrays
        )

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(pixel_sizes={self.pixel_sizes}, crop_size={self.crop_size}, '
            f'as_is={self.as_is}, seek={self.seek})'
        )


def _resampled(image: np.ndarray, shape: tuple[int, ...], factor: float) -> np.ndarray:
    """Bring float32 pixels to another shape: means over areas down, linearly up."""
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, shape[::-1], interpolation=how).reshape(*shape, *image.shape[2:])


def _voted(labels: np.ndarray, shape: tuple[int, ...], factor: float) -> np.ndarray:
    """Give every pixel the label of most of its area; of several the smallest."""
    there = np.unique(labels)
    shares = [_resampled((labels == label).astype(np.float32), shape, factor) for label in there]
    return there[np.argmax(shares, axis=0)]
