"""The scaling of an image by what its values mean: reflectance, 8-bit colours or plain numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dfpenet_mm.errors import ConfigError, EmptySceneError
from dfpenet_mm.mapping.network.predictor import SCALINGS
from dfpenet_mm.mapping.scene.scaling import (
    FittedScaling,
    check_clip,
    check_numbers,
    require_contrast,
    require_targets,
)
from dfpenet_mm.mapping.scene.statistics import sample_pixels

if TYPE_CHECKING:
    from dfpenet_mm.mapping.scene.scene import Scene

AUTO, REFLECTANCE, PERCENTILES = VALUES = ('auto', 'reflectance', 'percentiles')
# Reflectance of red, green and blue that the training ground's percentiles 1 and 99 stand for:
# above the atmosphere as measured on Sentinel-2's image of Iburi (2018), and on the ground by
# taking off Rayleigh's path radiance (0.025, 0.040, 0.075) and twice its transmittance.
TOP = ((0.0342, 0.0523, 0.0820), (0.1817, 0.1469, 0.1436))
SURFACE = ((0.009, 0.012, 0.007), (0.169, 0.119, 0.081))
# Sentinel-2's numbers a unit of reflectance, and what is added to them since 2022.
QUANTIFICATION, SHIFT = 10_000, 1_000
# Numbers that may be such: medians and highest ones; sensors of 11 bits have finer pixels.
MEDIANS, HIGHEST = (100, 6_000), 20_000
FINEST = 5.0
# Above the atmosphere the darkest blue is so much brighter than the darkest red.
SKY = 0.025
# What is scaled by reflectance must look like ground: its median, and its contrast in relation
# to the training ground's.
PLAUSIBLE_MEDIAN, PLAUSIBLE_CONTRAST = (2, 200), (0.15, 5)
# White pixels have so many medians in every band: clouds and snow, not bare ground.
WHITE = 2.5
# Statistics are of the rest, unless hardly anything is left.
LEAST_REST = 0.1


@SCALINGS.register_module()
@dataclass(frozen=True, kw_only=True)
class GroundStretch:
    """Brings red, green and blue to the chips' values so that a cut-out looks as the whole does.

    Reflectance has a scale of its own: the same ground always looks alike, whatever else the image
    shows. Colours of 8 bits are like the chips already, and are moved a part of the way to their
    percentiles. What other numbers mean nobody knows: percentiles say where they begin and
    end, one factor serves all bands, as a single band's contrast depends on what there
    is to see. Clouds, snow, saturated pixels and black ones are left out of the statistics.

    Args:
        target_lower: the training set's lower percentile of each band, training units.
        target_upper: its upper percentile of each band.
        lower: lower percentile, in [0, 100).
        upper: upper percentile, in (lower, 100].
        clip: lowest and highest value after it, training units; None for no clip.
        values: ``reflectance``, ``percentiles``, or ``auto`` to tell from the image.
        way: part of the way from 8-bit colours as they are (0) to their percentiles (1).

    Raises:
        ConfigError: if the numbers are out of their range.
    """

    target_lower: Sequence[float]
    target_upper: Sequence[float]
    lower: float = 1.0
    upper: float = 99.0
    clip: tuple[float, float] | None = (0.0, 255.0)
    values: str = AUTO
    way: float = 0.5

    def __post_init__(self) -> None:
        check_clip(self, self.clip)
        numbers = (self.lower, self.upper, self.way, *self.target_lower, *self.target_upper)
        check_numbers(self, *numbers)
        if not (0 <= self.lower < self.upper <= 100 and 0 <= self.way <= 1):
            raise ConfigError(
                f'GroundStretch has percentiles {self.lower} and {self.upper} and way {self.way}; '
                f'give two in [0, 100], the lower one first, and a part from 0 to 1'
            )
        if len(self.target_lower) != len(self.target_upper):
            raise ConfigError(
                f'GroundStretch has {len(self.target_lower)} target_lower and '
                f'{len(self.target_upper)} target_upper values; give one a band in both'
            )
        if self.values not in VALUES:
            raise ConfigError(
                f'GroundStretch has values {self.values!r}; give one of {", ".join(VALUES)}'
            )

    def fit(self, scene: Scene) -> FittedScaling:
        """Look at pixels all over the scene.

        Args:
            scene: the open scene; it is read once from end to end.

        Returns:
            The scaling, with a note of what was chosen. A band of one value becomes the middle of
            its target.

        Raises:
            ConfigError: if the targets are not one a band.
            EmptySceneError: if no pixel is valid, or every band has one value only.
            InputFileError: if the file is damaged.
        """
        require_targets(self, self.target_lower, scene)
        (pixels,) = sample_pixels([scene])
        if not pixels.size:
            raise EmptySceneError(
                f'{scene.path} has no valid pixel; check its nodata value and mask'
            )
        ground = _ground(pixels, scene.dtype)
        low, high = np.percentile(ground, (self.lower, self.upper), axis=1)
        require_contrast(scene, (self.lower, self.upper), low, high)
        if self.values != PERCENTILES:
            found = self._by_reflectance(scene, ground, low)
            if found:
                return found
        return self._by_percentiles(scene, low, high)

    def _by_reflectance(
        self, scene: Scene, ground: np.ndarray, low: np.ndarray
    ) -> FittedScaling | None:
        asked = self.values == REFLECTANCE
        units = _units(scene, ground, low, asked=asked)
        if units is None or len(scene.bands) != 3:
            return None
        scale, offset, how = units
        level = _level(scene, low * scale + offset)
        dark, bright = map(np.array, TOP if level == 'above the atmosphere' else SURFACE)
        gain = (np.array(self.target_upper) - self.target_lower) / (bright - dark)
        move = np.array(self.target_lower) - gain * dark
        gain, move = gain * scale, move + gain * offset
        if not asked and not self._is_plausible(ground, gain, move):
            return None
        note = f'{scene.path.name} is scaled as reflectance {level} ({how})'
        return FittedScaling(tuple(gain.tolist()), tuple(move.tolist()), self.clip, note=note)

    def _is_plausible(self, ground: np.ndarray, gain: np.ndarray, move: np.ndarray) -> bool:
        few = ground[:, :: 1 + ground.shape[1] // 100_000]
        low, middle, high = np.percentile(few, (self.lower, 50, self.upper), axis=1)
        target = np.array(self.target_upper) - self.target_lower
        contrast = float(np.median((high - low) * gain / target))
        median = float(np.median(middle * gain + move))
        return (
            PLAUSIBLE_MEDIAN[0] <= median <= PLAUSIBLE_MEDIAN[1]
            and PLAUSIBLE_CONTRAST[0] <= contrast <= PLAUSIBLE_CONTRAST[1]
        )

    def _by_percentiles(self, scene: Scene, low: np.ndarray, high: np.ndarray) -> FittedScaling:
        start, end = np.array(self.target_lower, float), np.array(self.target_upper, float)
        if scene.dtype == np.uint8:
            low = (1 - self.way) * start + self.way * low
            high = (1 - self.way) * end + self.way * high
            # All the way, a band of one value would have nothing between them.
            gain = (end - start) / np.maximum(high - low, 1e-6)
            move = start - gain * low
            how = 'its colours of 8 bits are moved towards those of the training'
        else:
            flat = high <= low
            share = np.log((end - start)[~flat] / (high - low)[~flat]).mean()
            gain = np.where(flat, 0.0, np.exp(share))
            move = (start + end) / 2 - gain * (low + high) / 2
            how = 'by one factor for all bands'
        note = f'{scene.path.name} is scaled by its percentiles, {how}'
        return FittedScaling(tuple(gain.tolist()), tuple(move.tolist()), self.clip, note=note)


def _ground(pixels: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Leave out pixels that are white, saturated or black in every band."""
    odd = (pixels == 0).all(axis=0)
    if dtype.kind in 'ui':
        odd |= pixels.min(axis=0) == np.iinfo(dtype).max
    if not odd.all():
        median = np.median(pixels[:, ~odd], axis=1, keepdims=True)
        if (median > 0).all():
            odd |= (pixels >= WHITE * median).all(axis=0)
    rest = pixels[:, ~odd]
    return rest if rest.shape[1] >= LEAST_REST * pixels.shape[1] else pixels


def _units(
    scene: Scene, ground: np.ndarray, low: np.ndarray, *, asked: bool
) -> tuple[float, float, str] | None:
    """Find what makes reflectance of a scene's numbers: factor, summand and how it is known."""
    scale, offset = scene.declared
    if 0 < scale <= 1e-3:
        return scale, offset, 'as its bands declare'
    whole = scene.dtype.kind in 'ui' and scene.dtype.itemsize == 2
    if asked and not whole and np.percentile(ground, 99) <= 2:
        return 1.0, 0.0, 'as asked for'
    if not asked and not (whole and scene.own_grid.gsd >= FINEST):
        return None
    shift = SHIFT if (low >= SHIFT).all() else 0
    medians = np.median(ground, axis=1) - shift
    usual = (medians >= MEDIANS[0]).all() and (medians <= MEDIANS[1]).all()
    if not asked and not (usual and low.min() > 0 and np.percentile(ground, 99.9) <= HIGHEST):
        return None
    how = "as asked for, in Sentinel-2's numbers" if asked else "its numbers are like Sentinel-2's"
    how += f', {SHIFT:,} added' if shift else ''
    return 1 / QUANTIFICATION, -shift / QUANTIFICATION, how


def _level(scene: Scene, dark: np.ndarray) -> str:
    """Tell from its names, or from the blue of the sky, where the reflectance is of."""
    named = re.search(r'MSI_?(L?1C|L?2A)', ' '.join([scene.path.name, *scene.names]))
    top = named.group(1).endswith('1C') if named else dark[2] - dark[0] >= SKY
    return 'above the atmosphere' if top else 'of the ground'
