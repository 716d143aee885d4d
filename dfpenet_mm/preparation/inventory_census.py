"""What becomes of the features of an inventory on some scenes, so that none is lost unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dfpenet_mm.polygons import Polygons


@dataclass(frozen=True)
class FeatureCounts:
    """Counts of an inventory's features.

    Args:
        features: all of them.
        mended: invalid ones that were made valid.
        ignored: those that are empty or no polygons.
        outside: polygons off all scenes.
        unburnt: polygons on a scene that hold no pixel's centre, and so have no label.
    """

    features: int
    mended: int
    ignored: int
    outside: int
    unburnt: int

    def line(self) -> str:
        """Say it in one line; what is not the case is left out."""
        rare = {
            f'{self.outside} outside of the images': self.outside,
            f'{self.unburnt} too small to label a pixel (--all-touched labels them)': self.unburnt,
        }
        return ', '.join(
            [
                f'{self.features} features, {self.mended} mended, {self.ignored} ignored',
                *(words for words, count in rare.items() if count),
            ]
        )


def count_features(
    inventory: Polygons, fates: Sequence[tuple[np.ndarray, np.ndarray]]
) -> FeatureCounts:
    """Count features by what became of them; one of several polygons by its luckiest.

    Args:
        inventory: the features.
        fates: of each scene, which polygons meet it and which burn a pixel of it, both of shape
            (polygons,), bool.
    """
    meets, burns = (np.any(part, axis=0) for part in zip(*fates, strict=True))
    on_scene = np.unique(inventory.records[meets])
    return FeatureCounts(
        features=inventory.features,
        mended=inventory.mended,
        ignored=inventory.ignored,
        outside=len(np.unique(inventory.records)) - len(on_scene),
        unburnt=len(np.setdiff1d(on_scene, inventory.records[burns])),
    )
