"""Give the pre-event image the histogram of the post-event one, where both have data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.mapping.scene.histogram_lookup import HistogramLookup
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.mapping.scene.statistics import sample_pixels

AUTO = 'auto'
MODES = (AUTO, True, False)
# Two images of one sensor and season, one with landslides on 5 % of it, differ by 0.13 when
# each is scaled by its own percentiles; with a gamma of 0.6 or 1.6 between them by 0.23 and more.
LARGE_DISTANCE = 0.2
# Most pixels that are sorted for the distance, which they tell to a few thousandths.
COMPARED = 200_000
# Of values other than whole numbers of up to 16 bits, those beyond these percentiles count as
# the percentiles: one fill value would stretch the lookup beyond use.
COUNTED_BYTES = 2
ENDS = (0.1, 99.9)


@dataclass(frozen=True)
class HistogramMatch:
    """The decision on one pair of scenes.

    Args:
        asked: ``auto``, True or False.
        matched: whether the pre-event scene is matched.
        why: the reason, a sentence.
        distance: Kolmogorov-Smirnov distance between the scenes as the network would see them
            unmatched, one a band, in [0, 1]; None if it was not measured.
        pixels: compared, valid in both scenes; None if they were not read.
    """

    asked: str | bool
    matched: bool
    why: str
    distance: tuple[float, ...] | None = None
    pixels: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a summary."""
        return asdict(self)


def match_pre_event(
    *,
    scenes: Mapping[str, Scene],
    scalings: Mapping[str, FittedScaling],
    asked: str | bool = AUTO,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FittedScaling, HistogramMatch]:
    """Choose how the pre-event scene is brought to training units.

    Left alone, it has a scaling of its own, as the post-event scene has. Matched, its raw values
    are first given the post-event scene's histogram, and then the post-event scene's scaling:
    what looks alike in both is then shown alike to the network, clipped and stretched by the
    same numbers. The other order, to match what two scalings have clipped, could not bring back
    what the clip had cut off.

    Histograms are of pixels all over the scenes where both are valid, so that neither a window's
    content nor a part that one image lacks shapes the lookup.

    Args:
        scenes: ``post`` and ``pre``, on one grid.
        scalings: fitted to either, by the same names.
        asked: True or False; ``auto`` matches where the scenes, each in its own scaling,
            differ by more than ``LARGE_DISTANCE`` in any band.
        progress: called with the tiles read and their total.

    Returns:
        The pre-event scene's scaling, and what was decided.

    Raises:
        InputFileError: if a file is damaged.
    """
    own = scalings['pre']
    if asked is False:
        return own, HistogramMatch(asked, matched=False, why='it was not asked for')
    pair = scenes['post'], scenes['pre']
    post, pre = sample_pixels(pair, progress=progress)
    if not post.size:
        why = 'no pixel is valid in both images'
        return own, HistogramMatch(asked, matched=False, why=why, pixels=0)
    few = np.s_[:, None, :: 1 + post.shape[1] // COMPARED]
    distance = scaled_distance(scalings['post'].apply(post[few]), own.apply(pre[few]))
    matched = asked is True or max(distance) > LARGE_DISTANCE
    why = _reason(asked, max(distance))
    decision = HistogramMatch(asked, matched, why, distance, post.shape[1])
    if not matched:
        return own, decision
    wanted, read = map(_without_tails, pair, (post, pre))
    return replace(scalings['post'], lookup=HistogramLookup.between(read, wanted)), decision


def _reason(asked: str | bool, distance: float) -> str:
    if asked is True:
        return 'it was asked for'
    relation = 'above' if distance > LARGE_DISTANCE else 'not above'
    return f'the largest distance of a band, {distance:.3f}, is {relation} {LARGE_DISTANCE}'


def scaled_distance(post: np.ndarray, pre: np.ndarray) -> tuple[float, ...]:
    """Measure how much two scenes differ once each is in training units.

    Args:
        post: pixels of one, shape (B, ...).
        pre: pixels of the other, likewise.

    Returns:
        The Kolmogorov-Smirnov distance, one a band: the largest difference between the shares
        of pixels up to a value.
    """
    return tuple(
        float(ks_2samp(*map(np.ravel, bands), method='asymp').statistic)
        for bands in zip(post, pre, strict=True)
    )


def _without_tails(scene: Scene, sample: np.ndarray) -> np.ndarray:
    if scene.dtype.kind in 'ui' and scene.dtype.itemsize <= COUNTED_BYTES:
        return sample
    return sample.clip(*np.percentile(sample, ENDS, axis=1, keepdims=True))


def require_common_pixel(post: Scene, pre: Scene) -> None:
    """Raise unless some pixel is valid in both scenes; the first one found ends the search.

    Args:
        post: the post-event scene.
        pre: the pre-event scene, on the same grid.

    Raises:
        GridMismatchError: if each has data only where the other one has none.
        InputFileError: if a file is damaged.
    """
    if not any((post.read(tile)[1] & pre.read(tile)[1]).any() for tile in post.tiles()):
        raise GridMismatchError(
            f'{pre.path} has no valid pixel where {post.path} has one, so that nothing can be '
            f'compared; give a pre-event image of the same area, or leave --pre out'
        )
