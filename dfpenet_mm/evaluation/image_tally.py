"""An image judged against its mask: by pixels, at boundaries, by landslides, by probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.ndimage import binary_dilation, label

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.reliability import STEPS, ProbabilityCounts
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE

# Limits between the classes of landslides by size: square metres, or pixels where nobody knows
# how large they are. A landslide on a limit belongs to the larger class.
EDGES_M2 = (100.0, 1_000.0, 10_000.0, 100_000.0)
EDGES_PX = (10.0, 100.0, 1_000.0, 10_000.0)
# Regions hang together over corners, as landslides do in an inventory.
EIGHT = np.ones((3, 3), bool)
CLASSES = range(len(EDGES_M2) + 1)
# Counts of an image, each a sum over what it is made of. ``ground`` is km2, or million pixels.
COLUMNS = (
    *('tn', 'fp', 'fn', 'tp', 'fp_at_boundary', 'fn_at_boundary'),
    *('regions', 'false_regions', 'ground'),
    *(f'landslides_{index}' for index in CLASSES),
    *(f'found_{index}' for index in CLASSES),
    *(f'covered_{index}' for index in CLASSES),
)


@dataclass(frozen=True)
class ImageTally:
    """The counts of one image, of which those of a set are the sum.

    Args:
        counts: by the names of ``COLUMNS``.
        steps: steps of probability that occur, as ``ProbabilityCounts`` has them, shape (n,).
        landslide: landslide pixels of each of these steps, shape (n,).
        other: all other pixels, likewise.
    """

    counts: Mapping[str, float]
    steps: np.ndarray
    landslide: np.ndarray
    other: np.ndarray

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        marked: np.ndarray,
        *,
        probability: np.ndarray | None = None,
        pixel_size: float | None = None,
    ) -> Self:
        """Judge an image.

        A landslide of the truth is found if one of its pixels is marked, and covered if at least
        half of them are; a marked region is false if none of its pixels is a landslide. A false
        alarm no farther than one pixel from
        a landslide, and a miss likewise from a marked pixel, lies at a boundary.

        Args:
            truth: 1 landslide, 0 none, 255 not judged, shape (rows, cols).
            marked: True where the map says landslide, same shape.
            probability: of landslide, same shape, NaN where there is none; None without.
            pixel_size: side of a pixel, metres; None if nobody knows.

        Raises:
            GridMismatchError: if the shapes differ.
        """
        if truth.shape != marked.shape:
            raise GridMismatchError(
                f'the truth has shape {truth.shape}, the map {marked.shape}; bring both to one grid'
            )
        judged = truth != IGNORED
        real, called = truth == LANDSLIDE, marked.astype(bool) & judged
        counts = _pixels(real, called, judged)
        counts |= _regions(real, called, pixel_size)
        area = 1e-6 if pixel_size is None else (pixel_size / 1000) ** 2
        counts['ground'] = float(judged.sum()) * area
        known = judged & (probability is not None)
        kept = np.zeros(0) if probability is None else probability[known]
        return cls(counts, *_sparse(ProbabilityCounts.of(kept, real[known])))

    @property
    def probabilities(self) -> ProbabilityCounts:
        """Pixels by probability and truth; none at all where no probability was given."""
        filled = [np.zeros(STEPS + 1, np.int64) for _ in range(2)]
        for full, part in zip(filled, (self.landslide, self.other), strict=True):
            full[self.steps] = part
        return ProbabilityCounts(*filled)

    def to_arrays(self) -> dict[str, Any]:
        """Return arrays for ``numpy.savez``, of which ``from_arrays`` makes an equal tally."""
        values = np.array([self.counts[name] for name in COLUMNS])
        return {
            'counts': values,
            'steps': self.steps,
            'landslide': self.landslide,
            'other': self.other,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Read what ``to_arrays`` gave."""
        counts = dict(zip(COLUMNS, arrays['counts'].tolist(), strict=True))
        return cls(counts, arrays['steps'], arrays['landslide'], arrays['other'])


def _pixels(real: np.ndarray, called: np.ndarray, judged: np.ndarray) -> dict[str, float]:
    false, missed = called & ~real, real & ~called
    parts = {
        'tn': judged & ~real & ~called,
        'fp': false,
        'fn': missed,
        'tp': real & called,
        # SciPy's own cross reaches the centres that are one pixel away.
        'fp_at_boundary': false & binary_dilation(real),
        'fn_at_boundary': missed & binary_dilation(called),
    }
    return {name: float(np.count_nonzero(part)) for name, part in parts.items()}


def _regions(real: np.ndarray, called: np.ndarray, pixel_size: float | None) -> dict[str, float]:
    landslides, count = label(real, structure=EIGHT)
    regions, marked = label(called, structure=EIGHT)
    hit = np.bincount(landslides[called], minlength=count + 1)[1:]
    true = np.bincount(regions[real], minlength=marked + 1)[1:] > 0
    sizes = np.bincount(landslides.ravel(), minlength=count + 1)[1:]
    unit, edges = (1.0, EDGES_PX) if pixel_size is None else (pixel_size**2, EDGES_M2)
    members = np.searchsorted(edges, sizes * unit, side='right')
    kinds = {'landslides': sizes > 0, 'found': hit > 0, 'covered': 2 * hit >= sizes}
    return {
        'regions': float(marked),
        'false_regions': float(np.count_nonzero(~true)),
        **{
            f'{kind}_{index}': float(np.count_nonzero(chosen & (members == index)))
            for kind, chosen in kinds.items()
            for index in CLASSES
        },
    }


def _sparse(counts: ProbabilityCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep the steps that occur: all 65,536 of every image would be a megabyte each."""
    steps = np.flatnonzero(counts.pixels)
    return steps, counts.landslide[steps], counts.other[steps]
