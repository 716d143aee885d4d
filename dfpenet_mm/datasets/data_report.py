"""What the data sets of a config hold, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dfpenet_mm.datasets.file_check import IGNORED


@dataclass(frozen=True)
class SplitReport:
    """What one data set holds.

    Args:
        name: ``train``, ``val`` or ``test``.
        samples: length of the data set.
        images: distinct images in it.
        classes: names of the classes.
        counts: pixels of each label over the distinct images, shape (256,), int64.
    """

    name: str
    samples: int
    images: int
    classes: tuple[str, ...]
    counts: np.ndarray

    @property
    def ignored(self) -> int:
        """Pixels that neither losses nor metrics see."""
        return int(self.counts[IGNORED])

    @property
    def pixels(self) -> dict[str, int]:
        """Pixels of each class."""
        return dict(zip(self.classes, self.counts.tolist(), strict=False))

    def line(self) -> str:
        """Say it in one line."""
        labelled = sum(self.pixels.values())
        shares = ', '.join(
            f'{name} {count / max(labelled, 1):.2%}' for name, count in self.pixels.items()
        )
        every = max(labelled + self.ignored, 1)
        return (
            f'{self.name}: {self.samples} samples of {self.images} images; labels: {shares}; '
            f'ignored: {self.ignored} pixels ({self.ignored / every:.2%} of all)'
        )


@dataclass(frozen=True)
class DataReport:
    """What the data check found, all data sets being fit to run.

    Args:
        splits: one report a data set.
        warnings: what a user should look at, a sentence each.
    """

    splits: tuple[SplitReport, ...]
    warnings: tuple[str, ...] = field(default=())

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        return [
            *(f'data: {split.line()}' for split in self.splits),
            *(f'warning: {warning}' for warning in self.warnings),
        ]
