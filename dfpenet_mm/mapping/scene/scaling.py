"""Scalings: from the values of a scene to those that the network was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from dfpenet_mm.components import build_component
from dfpenet_mm.errors import ConfigError, EmptySceneError
from dfpenet_mm.mapping.network.predictor import SCALINGS
from dfpenet_mm.mapping.scene.histogram_lookup import HistogramLookup
from dfpenet_mm.mapping.scene.statistics import band_percentiles
from dfpenet_mm.wording import counted

if TYPE_CHECKING:
    from dfpenet_mm.mapping.scene.scene import Scene


@dataclass(frozen=True)
class FittedScaling:
    """An affine map per band, then a clip; before it, perhaps, another scene's histogram.

    Args:
        gain: factor of each band.
        offset: what is added to each band afterwards, training units.
        clip: lowest and highest value given to the network, training units; None for
            no clip.
        lookup: what brings the scene's values to those that ``gain`` and ``offset`` are for;
            None if they are for its own.
        note: what was chosen and why, a sentence; None where there was no choice.
    """

    gain: tuple[float, ...]
    offset: tuple[float, ...]
    clip: tuple[float, float] | None = None
    lookup: HistogramLookup | None = None
    note: str | None = None

    def apply(self, bands: np.ndarray) -> np.ndarray:
        """Scale bands.

        Args:
            bands: shape (B, H, W), the scene's units.

        Returns:
            A new array of that shape, float32, training units.
        """
        bands = bands if self.lookup is None else self.lookup.apply(bands)
        column = (len(self.gain), 1, 1)
        scaled = bands * np.array(self.gain, np.float32).reshape(column)
        scaled += np.array(self.offset, np.float32).reshape(column)
        return scaled if self.clip is None else np.clip(scaled, *self.clip, out=scaled)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, from which ``from_dict`` makes an equal scaling."""
        return asdict(self)

    def describe(self) -> dict[str, Any]:
        """Return what a person wants to know of it: all but the lookup's many values."""
        return {name: value for name, value in self.to_dict().items() if name != 'lookup'}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` gave, lists for tuples as JSON has them."""
        clip, lookup = values['clip'], values.get('lookup')
        return cls(
            gain=tuple(values['gain']),
            offset=tuple(values['offset']),
            clip=None if clip is None else tuple(clip),
            lookup=lookup and HistogramLookup.from_dict(lookup),
            note=values.get('note'),
        )


class Scaling(Protocol):
    """Something that learns from a scene how to scale it."""

    def fit(self, scene: Scene) -> FittedScaling:
        """Find the scaling of one scene."""
        ...


@SCALINGS.register_module()
@dataclass(frozen=True, kw_only=True)
class PercentileStretch:
    """Maps two percentiles of each band linearly to the training set's.

    Args:
        target_lower: the training set's lower percentile of each band, training units.
        target_upper: its upper percentile of each band.
        lower: lower percentile, in [0, 100).
        upper: upper percentile, in (lower, 100].
        clip: lowest and highest value after it, training units; None for no clip.

    Raises:
        ConfigError: if the numbers are out of their range.
    """

    target_lower: Sequence[float]
    target_upper: Sequence[float]
    lower: float = 1.0
    upper: float = 99.0
    clip: tuple[float, float] | None = (0.0, 255.0)

    def __post_init__(self) -> None:
        check_clip(self, self.clip)
        check_numbers(self, self.lower, self.upper, *self.target_lower, *self.target_upper)
        if not 0 <= self.lower < self.upper <= 100:
            raise ConfigError(
                f'PercentileStretch has percentiles {self.lower} and {self.upper}; give two '
                f'in [0, 100], the lower one first'
            )
        if len(self.target_lower) != len(self.target_upper):
            raise ConfigError(
                f'PercentileStretch has {len(self.target_lower)} target_lower and '
                f'{len(self.target_upper)} target_upper values; give one a band in both'
            )

    def fit(self, scene: Scene) -> FittedScaling:
        """Measure the scene's percentiles.

        Args:
            scene: the open scene; it is read once from end to end.

        Returns:
            The scaling. A band of one value becomes the middle of its target.

        Raises:
            ConfigError: if the targets are not one a band.
            EmptySceneError: if no pixel is valid, or every band has one value only.
            InputFileError: if the file is damaged.
        """
        require_targets(self, self.target_lower, scene)
        low, high = band_percentiles(scene, (self.lower, self.upper)).T
        target_low, target_high = np.array(self.target_lower), np.array(self.target_upper)
        spread = high - low
        constant = spread <= 0
        require_contrast(scene, (self.lower, self.upper), low, high)
        gain = np.where(constant, 0.0, (target_high - target_low) / np.where(constant, 1, spread))
        offset = np.where(constant, (target_low + target_high) / 2, target_low - gain * low)
        return FittedScaling(tuple(gain.tolist()), tuple(offset.tolist()), self.clip)


@SCALINGS.register_module()
@dataclass(frozen=True, kw_only=True)
class LinearScale:
    """Multiplies and shifts every band alike, for imagery of known units.

    Args:
        scale: factor; 1 for imagery in training units.
        offset: what is added afterwards, training units.
        clip: lowest and highest value after it, training units; None for no clip.

    Raises:
        ConfigError: if these are no such numbers.
    """

    scale: float = 1.0
    offset: float = 0.0
    clip: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_clip(self, self.clip)
        check_numbers(self, self.scale, self.offset)

    def fit(self, scene: Scene) -> FittedScaling:
        """Repeat the scaling for every band; the scene is not read."""
        bands = len(scene.bands)
        return FittedScaling((self.scale,) * bands, (self.offset,) * bands, self.clip)


def require_targets(scaling: Scaling, targets: Sequence[float], scene: Scene) -> None:
    """Refuse targets that are not one a band of the scene.

    Raises:
        ConfigError: if they are more or fewer.
    """
    if len(targets) != len(scene.bands):
        raise ConfigError(
            f'{type(scaling).__name__} has targets for {counted(len(targets), "band")} and '
            f'{scene.path} is read with {counted(len(scene.bands), "band")}; give '
            f'one target a band'
        )


def require_contrast(
    scene: Scene, percentiles: tuple[float, float], low: np.ndarray, high: np.ndarray
) -> None:
    """Refuse a scene whose bands have one value each, by its lower and upper percentiles.

    Raises:
        EmptySceneError: if none of them spans anything.
    """
    if (high <= low).all():
        lower, upper = percentiles
        raise EmptySceneError(
            f'{scene.path} has no contrast: percentiles {lower:g} and {upper:g} of '
            f'its bands are both {low.tolist()}; give an image that shows ground'
        )


def check_numbers(scaling: Scaling, *values: Any) -> None:
    """Raise ``ConfigError`` unless all these are finite numbers."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise ConfigError(
                f'{type(scaling).__name__} was given {value!r}, wanted is a finite number; '
                f'correct it in the config'
            )


def check_clip(scaling: Scaling, clip: Any) -> None:
    """Raise ``ConfigError`` unless a clip is None or two finite numbers, the lower one first."""
    if clip is None:
        return
    if not isinstance(clip, list | tuple) or len(clip) != 2:
        raise ConfigError(
            f'{type(scaling).__name__} has clip {clip!r}; give the lowest and the highest value, '
            f'or None'
        )
    check_numbers(scaling, *clip)
    if clip[0] >= clip[1]:
        raise ConfigError(f'{type(scaling).__name__} has clip {clip!r}; give the lower value first')


def build_scaling(cfg: Mapping[str, Any]) -> Scaling:
    """Build a scaling from ``dict(type=..., ...)``.

    Args:
        cfg: type and arguments of a scaling in SCALINGS.

    Returns:
        The scaling.

    Raises:
        ConfigError: if the type is unknown or its arguments do not fit.
    """
    return build_component(SCALINGS, cfg)
