"""Give the pre-event image the histogram of the post-event one, where both have data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.mapping.scene.overlap_histograms import (
    BandHistogram,
    HistogramLookup,
    OverlapHistograms,
    count_overlap,
)
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene

AUTO = 'auto'
MODES = (AUTO, True, False)
# Two images of one sensor and season, one with landslides on 5 % of it, differ by 0.13 when
# each is scaled by its own percentiles; with a gamma of 0.6 or 1.6 between them by 0.23 and more.
LARGE_DISTANCE = 0.2


@dataclass(frozen=True)
class HistogramMatch:
    """What was decided about one pair of scenes.

    Args:
        asked: ``auto``, True or False.
        matched: whether the pre-event scene is matched.
        why: the reason, a sentence.
        distance: Kolmogorov-Smirnov distance between the scenes as the network would see them
            unmatched, one a band, in [0, 1]; None if it was not measured.
        pixels: valid in both scenes; None if they were not counted.
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

    Histograms are of the whole scenes where both are valid, so that neither a window's content
    nor a part that one image lacks shapes the lookup.

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
    found = count_overlap(scenes['post'], scenes['pre'], progress)
    if not found.pixels:
        why = 'no pixel is valid in both images'
        return own, HistogramMatch(asked, matched=False, why=why, pixels=0)
    distance = scaled_distance(found, scalings)
    matched = asked is True or max(distance) > LARGE_DISTANCE
    why = _reason(asked, max(distance))
    decision = HistogramMatch(asked, matched, why, distance, found.pixels)
    if not matched:
        return own, decision
    lookup = HistogramLookup.between(found.pre, found.post)
    return replace(scalings['post'], lookup=lookup), decision


def _reason(asked: str | bool, distance: float) -> str:
    if asked is True:
        return 'it was asked for'
    relation = 'above' if distance > LARGE_DISTANCE else 'not above'
    return f'the largest distance of a band, {distance:.3f}, is {relation} {LARGE_DISTANCE}'


def scaled_distance(
    found: OverlapHistograms, scalings: Mapping[str, FittedScaling]
) -> tuple[float, ...]:
    """Measure how much two scenes differ once each is in training units.

    Args:
        found: their histograms, in their own units.
        scalings: of ``post`` and ``pre``.

    Returns:
        The Kolmogorov-Smirnov distance, one a band: the largest difference between the shares
        of pixels up to a value.
    """
    return tuple(
        _largest_gap(*_scaled(post, scalings['post'], band), *_scaled(pre, scalings['pre'], band))
        for band, (post, pre) in enumerate(zip(found.post, found.pre, strict=True))
    )


def _scaled(
    histogram: BandHistogram, scaling: FittedScaling, band: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the histogram's values in training units, and its quantiles."""
    shape = (len(scaling.gain), 1, len(histogram.values))
    scaled = scaling.apply(np.broadcast_to(histogram.values, shape))[band, 0]
    return scaled, histogram.quantiles


def _largest_gap(
    first: np.ndarray, first_shares: np.ndarray, second: np.ndarray, second_shares: np.ndarray
) -> float:
    values = np.union1d(first, second)
    shares = [
        np.concatenate([[0.0], shares])[np.searchsorted(own, values, side='right')]
        for own, shares in ((first, first_shares), (second, second_shares))
    ]
    return float(np.abs(shares[0] - shares[1]).max())


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
