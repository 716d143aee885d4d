"""Pairs of predicted and reference landslides that share area, and the share of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

# Landslides that only touch share no area, but may seem to share a hair of it after one of them
# came through another CRS: less than this share of the smaller one is none.
HAIR = 1e-6
# Pairs intersected at once: of most only the area is kept, not the piece.
PAIRS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Matching:
    """All pairs of a predicted and a reference landslide that share area.

    Args:
        predicted_rows: row of the predicted landslide of every pair, shape (pairs,).
        reference_rows: row of the reference landslide, likewise.
        iou: area that a pair shares over the area of both together, shape (pairs,).
        predicted_share: part of every predicted landslide's area that any reference landslide
            covers, shape (predicted,), 0 to 1.
        reference_share: part of every reference landslide's area that any predicted one
            covers, shape (reference,), 0 to 1.
    """

    predicted_rows: np.ndarray
    reference_rows: np.ndarray
    iou: np.ndarray
    predicted_share: np.ndarray
    reference_share: np.ndarray

    @property
    def partners(self) -> tuple[np.ndarray, np.ndarray]:
        """Number of partners of each predicted and of each reference landslide."""
        return (
            np.bincount(self.predicted_rows, minlength=len(self.predicted_share)),
            np.bincount(self.reference_rows, minlength=len(self.reference_share)),
        )

    @property
    def best_iou(self) -> tuple[np.ndarray, np.ndarray]:
        """The largest IoU of each predicted and each reference landslide, 0 without a partner."""
        best = np.zeros(len(self.predicted_share)), np.zeros(len(self.reference_share))
        np.maximum.at(best[0], self.predicted_rows, self.iou)
        np.maximum.at(best[1], self.reference_rows, self.iou)
        return best

    def agreed(self, min_overlap: float, overlap: str) -> tuple[np.ndarray, np.ndarray]:
        """Tell which predicted landslides are right and which reference ones are found.

        Args:
            min_overlap: smallest overlap that counts, 0 to 1; 0 accepts any shared area.
            overlap: ``share`` for the part of a landslide's own area that the others cover,
                ``iou`` for the IoU with the one it fits best.

        Returns:
            Boolean arrays of shapes (predicted,) and (reference,).
        """
        shares = self.predicted_share, self.reference_share
        measured = self.best_iou if overlap == 'iou' else shares
        hit, found = (
            (partners > 0) & (values >= min_overlap * (1 - HAIR))
            for partners, values in zip(self.partners, measured, strict=True)
        )
        return hit, found


def match_landslides(predicted: np.ndarray, reference: np.ndarray) -> Matching:
    """Find all pairs that share area.

    Args:
        predicted: valid polygons, shape (predicted,); they may overlap each other.
        reference: likewise, in the same CRS.

    Returns:
        The pairs. What only touches, along a side or at a corner, is none.
    """
    reference_rows, predicted_rows = shapely.STRtree(predicted).query(
        reference, predicate='intersects'
    )
    areas = shapely.area(predicted), shapely.area(reference)
    of_pair = areas[0][predicted_rows], areas[1][reference_rows]
    partners = [np.bincount(rows)[rows] for rows in (predicted_rows, reference_rows)]
    shared, pieces = _intersect(
        predicted, reference, predicted_rows, reference_rows, np.maximum(*partners) > 1
    )
    kept = shared > HAIR * np.minimum(*of_pair)
    rows = predicted_rows[kept], reference_rows[kept]
    both = of_pair[0][kept] + of_pair[1][kept] - shared[kept]
    return Matching(
        *rows,
        shared[kept] / both,
        *(
            _covered(row, shared[kept], pieces[kept], area)
            for row, area in zip(rows, areas, strict=True)
        ),
    )


def _intersect(
    predicted: np.ndarray,
    reference: np.ndarray,
    predicted_rows: np.ndarray,
    reference_rows: np.ndarray,
    wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the area that every pair shares and, where it is wanted, the shared piece."""
    shared, pieces = np.empty(len(wanted)), np.empty(len(wanted), dtype=object)
    for first in range(0, len(wanted), PAIRS_AT_ONCE):
        some = slice(first, first + PAIRS_AT_ONCE)
        found = shapely.intersection(
            predicted[predicted_rows[some]], reference[reference_rows[some]]
        )
        shared[some] = shapely.area(found)
        pieces[some][wanted[some]] = found[wanted[some]]
    return shared, pieces


def _covered(
    rows: np.ndarray, shared: np.ndarray, pieces: np.ndarray, areas: np.ndarray
) -> np.ndarray:
    """Return the part of every landslide that its pieces cover together, shape (landslides,)."""
    covered = np.bincount(rows, shared, minlength=len(areas))
    # Pieces overlap where the others do, as in inventories by several hands: unite them.
    several = np.bincount(rows, minlength=len(areas))[rows] > 1
    if several.any():
        order = np.argsort(rows[several], kind='stable')
        owners, index = np.unique(rows[several][order], return_inverse=True)
        joined = shapely.geometrycollections(pieces[several][order], indices=index)
        covered[owners] = shapely.area(shapely.union_all(joined[:, np.newaxis], axis=1))
    shares = np.divide(covered, areas, out=np.zeros(len(areas)), where=areas > 0)
    return np.minimum(shares, 1.0)
