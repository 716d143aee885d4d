"""Ground that a network has not seen: how far a scene's windows are from those it learnt from.

What the network itself computes would tell more, but not every runtime gives it away, and a
network is often sure of what it does not know. So windows are described by their stretched pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from rasterio.windows import Window
from scipy.cluster.vq import kmeans2

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
from dfpenet_mm.mapping.scene.batch_reader import make_chip
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene

# Windows of a scene that are looked at, those tried against the area of interest for each, and
# how much of one must be image.
WINDOWS, TRIED, WHOLE = 100, 20, 0.95
# Times that a window is halved to describe its texture.
HALVINGS = 3
# Kinds of ground in each data set, and the share of a descriptor's own variance that is added: a
# scene's stretch shifts its bands against each other by more than training windows vary.
KINDS, STRETCH = 4, 0.5
# Share of the training ground that lies within the limit.
WITHIN = 0.99
# Least variance of a descriptor, for ground that is all alike.
LEAST_VARIANCE = 1e-6


def describe_ground(chip: np.ndarray) -> np.ndarray:
    """Describe the pixels of a window by a few numbers.

    Args:
        chip: shape (B, H, W), training units, sides of at least 2 ** (HALVINGS + 1).

    Returns:
        Shape (2 B + B (B - 1) / 2 + HALVINGS + 1,): the bands' brightness and contrast,
        their correlations, how rough the ground is for its contrast, and how that changes with
        every halving of its pixels.
    """
    bands = chip.astype(np.float32)
    mean, spread = bands.mean(axis=(1, 2)), bands.std(axis=(1, 2)) + 1
    centred = (bands - mean[:, None, None]) / spread[:, None, None]
    flat = centred.reshape(len(bands), -1)
    alike = flat @ flat.T / flat.shape[1]
    first, second = np.triu_indices(len(bands), 1)
    grey = bands.mean(axis=0)
    contrast = 2 * np.log(grey.std() + 1)
    rough = []
    for _ in range(HALVINGS + 1):
        steps = np.mean(np.diff(grey, axis=0) ** 2) + np.mean(np.diff(grey, axis=1) ** 2)
        rough.append(np.log(steps + 0.5))
        rows, cols = (side // 2 for side in grey.shape)
        grey = grey[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2).mean(axis=(1, 3))
    return np.concatenate(
        [
            np.log(np.maximum(mean, 0) + 5),
            np.log(spread),
            np.arctanh(np.clip(alike[first, second], -0.999, 0.999)),
            [rough[0] - contrast],
            np.diff(rough),
        ]
    )


@dataclass(frozen=True)
class KnownGround:
    """The ground that a network was trained on, as a few typical windows and a distance.

    Args:
        scale: spread of each descriptor, shape (D,).
        kinds: typical descriptors, in units of ``scale``, shape (K, D).
        precision: inverse covariance around them, shape (D, D).
        limit: distance within which 99 % of the training windows lie.
    """

    scale: np.ndarray
    kinds: np.ndarray
    precision: np.ndarray
    limit: float

    @classmethod
    def fit(cls, ground: Mapping[str, np.ndarray]) -> Self:
        """Learn what training ground looks like.

        Args:
            ground: descriptors of its windows by data set, each shape (N, D); data sets count
                alike, however large.

        Raises:
            ConfigError: if there are too few windows.
        """
        few = {name: len(found) for name, found in ground.items() if len(found) < 2 * KINDS}
        if few or not ground:
            listed = ', '.join(f'{name} has {count}' for name, count in few.items())
            raise ConfigError(
                f'too few windows of training ground ({listed or "no data set"}), wanted are at '
                f'least {2 * KINDS} of each data set; give more or larger images'
            )
        variances = [found.var(axis=0) for found in ground.values()]
        scale = np.sqrt(np.maximum(np.mean(variances, axis=0), LEAST_VARIANCE))
        kinds, spreads = [], []
        for found in ground.values():
            centres, labels = kmeans2(found / scale, KINDS, minit='++', seed=0)
            used = np.unique(labels)
            kinds.append(centres[used])
            rest = found / scale - centres[labels]
            spreads.append(rest.T @ rest / len(rest))
        covariance = np.mean(spreads, axis=0)
        variance = np.maximum(np.diag(covariance), LEAST_VARIANCE)
        precision = np.linalg.inv(covariance + STRETCH * np.diag(variance))
        learnt = cls(scale, np.concatenate(kinds), precision, 1.0)
        distances = [learnt.distances(found) for found in ground.values()]
        joined = np.concatenate(distances)
        weights = np.concatenate([np.full(len(found), 1 / len(found)) for found in distances])
        order = np.argsort(joined)
        within = np.cumsum(weights[order]) / len(ground)
        limit = joined[order][min(int(np.searchsorted(within, WITHIN)), len(joined) - 1)]
        return cls(scale, learnt.kinds, precision, float(limit))

    def distances(self, descriptors: np.ndarray) -> np.ndarray:
        """Return how far windows are from the nearest kind of ground, squared.

        Args:
            descriptors: shape (N, D).

        Returns:
            Shape (N,): squared Mahalanobis distances.

        Source: Lee et al., A simple unified framework for detecting out-of-distribution
        samples (2018), with pixels' statistics in place of a network's features.
        """
        apart = descriptors[:, None, :] / self.scale - self.kinds
        return np.einsum('nkd,de,nke->nk', apart, self.precision, apart).min(axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values as the card of a network holds them, to four digits."""
        parts = {'scale': self.scale, 'kinds': self.kinds, 'precision': self.precision}
        return {
            **{name: _short(values) for name, values in parts.items()},
            'limit': float(f'{self.limit:.4g}'),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], bands: int = 3) -> Self:
        """Read what ``to_dict`` gave.

        Raises:
            ConfigError: if it is no training ground of so many bands.
        """
        size = 2 * bands + bands * (bands - 1) // 2 + HALVINGS + 1
        wanted = {'scale': (size,), 'kinds': (None, size), 'precision': (size, size)}
        missing = [name for name in (*wanted, 'limit') if name not in values]
        if missing:
            raise _damaged(f'it lacks {" and ".join(missing)}')
        try:
            arrays = {name: np.array(values[name], np.float64) for name in wanted}
            limit = float(values['limit'])
        except (TypeError, ValueError) as error:
            raise _damaged('not all of it are numbers in even rows') from error
        for name, shape in wanted.items():
            found = arrays[name].shape
            if len(found) != len(shape) or any(
                side not in (None, own) for side, own in zip(shape, found, strict=True)
            ):
                raise _damaged(f'{name} has shape {found}, for {bands} bands wanted is {shape}')
        if not (limit > 0 and all(np.isfinite(array).all() for array in arrays.values())):
            raise _damaged('a number is not finite, or the limit not above 0')
        return cls(**arrays, limit=limit)


def _damaged(what: str) -> ConfigError:
    return ConfigError(
        f'what the card of the network says of its training ground is damaged ({what}); write it '
        f'anew with tools/calibrate.py --ground'
    )


def _short(values: np.ndarray) -> Any:
    return [_short(part) for part in values] if values.ndim else float(f'{values:.4g}')


@dataclass(frozen=True)
class Novelty:
    """Count of the windows of a scene that are unlike the training ground.

    Args:
        windows: windows looked at.
        beyond: those further from the training ground than 99 % of its own windows.
    """

    windows: int
    beyond: int

    @property
    def share(self) -> float:
        """Share of the windows that are unlike the training ground, in [0, 1]."""
        return self.beyond / self.windows

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the share, plain values."""
        return {'windows': self.windows, 'beyond': self.beyond, 'share': self.share}


def scene_novelty(
    scene: Scene,
    scaling: FittedScaling,
    known: KnownGround,
    *,
    window: int,
    area: AreaOfInterest | None = None,
) -> Novelty | None:
    """Compare windows spread over a scene with the training ground of a network.

    Args:
        scene: the open scene.
        scaling: brings its values to training units.
        known: the training ground.
        window: side of the network's windows, pixels.
        area: only windows that reach into it are looked at; None for all.

    Returns:
        None where no window is nearly all image.

    Raises:
        InputFileError: if the file is damaged.
    """
    found = [describe_ground(chip) for chip in _chips(scene, scaling, window, area)]
    if not found:
        return None
    distances = known.distances(np.stack(found))
    return Novelty(len(found), int((distances > known.limit).sum()))


def _chips(
    scene: Scene, scaling: FittedScaling, window: int, area: AreaOfInterest | None
) -> Iterator[np.ndarray]:
    plan = WindowPlan(scene.shape, window, window)
    windows = [found for block in plan.blocks for found in block.windows]
    if area is not None:
        windows = [found for found in _spread(windows, TRIED * WINDOWS) if area.inside(found).any()]
    for found in _spread(windows, WINDOWS):
        bands, valid = scene.read(found)
        if valid.mean() >= WHOLE:
            yield make_chip(bands, valid, scaling, window)


def _spread(windows: Sequence[Window], most: int) -> list[Window]:
    places = np.linspace(0, len(windows) - 1, min(most, len(windows)))
    return [windows[place] for place in places.round().astype(int)]
