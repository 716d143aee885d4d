"""Contents of the data sets of a config, in numbers and in words, and what is worth a warning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dfpenet_mm.datasets.file_check import LABELS, FileFinding, SampleFiles
from dfpenet_mm.datasets.landslide import list_named
from dfpenet_mm.errors import InputFileError
from dfpenet_mm.vocabulary import IGNORED
from dfpenet_mm.wording import agreeing, counted


@dataclass(frozen=True)
class CheckedSplit:
    """One data set and the findings in its files.

    Args:
        name: ``train``, ``val`` or ``test``.
        samples: length of the data set.
        classes: names of its classes.
        findings: of each distinct pair of files.
        unused_masks: masks that no image has.
    """

    name: str
    samples: int
    classes: tuple[str, ...]
    findings: dict[SampleFiles, FileFinding]
    unused_masks: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """Clauses on the files that do not serve."""
        return [finding.fault for finding in self.findings.values() if finding.fault]

    @property
    def reach(self) -> tuple[float, float]:
        """Smallest and largest value of its images."""
        low, high = zip(*(found.reach for found in self.findings.values()), strict=True)
        return min(low), max(high)

    @cached_property
    def counts(self) -> np.ndarray:
        """Pixels of each label, of files that are two samples' only once, shape (256,), int64."""
        return sum((found.counts for found in self.findings.values()), np.zeros(LABELS, np.int64))

    @property
    def images(self) -> int:
        """Number of distinct images."""
        return len({files.image for files in self.findings})

    @property
    def ignored(self) -> int:
        """Pixels that neither losses nor metrics see."""
        return int(self.counts[IGNORED])

    @property
    def pixels(self) -> dict[str, int]:
        """Pixels of each class."""
        return dict(zip(self.classes, self.counts.tolist(), strict=False))

    @property
    def absent(self) -> list[str]:
        """Classes that no pixel has."""
        return [name for name, pixels in self.pixels.items() if not pixels]

    def line(self) -> str:
        """Say in one line what it holds."""
        labelled = sum(self.pixels.values())
        shares = ', '.join(
            f'{name} {count / max(labelled, 1):.2%}' for name, count in self.pixels.items()
        )
        every = max(labelled + self.ignored, 1)
        return (
            f'{self.name}: {self.samples} samples of {self.images} images; labels: {shares}; '
            f'ignored: {self.ignored} pixels ({self.ignored / every:.2%} of all)'
        )

    def ignored_clause(self) -> str:
        """Say how much is ignored, which may be what the first absent class is missing.

        Returns:
            A clause after a comma; empty if nothing is ignored.
        """
        if not self.ignored:
            return ''
        absent = self.absent[0]
        share = self.ignored / self.counts.sum()
        maps = {pair for files in self.findings for pair in files.reading.value_map}
        values = [value for value, label in sorted(maps) if label == IGNORED]
        return (
            f', and {100 * share:.2g} % of the pixels are {" or ".join(map(str, values))}, which '
            f'this config ignores (if that is {absent}, set value_map to {{..., {values[-1]}: '
            f'{self.classes.index(absent)}}})'
        )


@dataclass(frozen=True)
class DataReport:
    """Findings of the data check, all data sets being fit to run.

    Args:
        splits: the data sets.
        warnings: what a user should look at, a sentence each.
    """

    splits: tuple[CheckedSplit, ...]
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        return [
            *(f'data: {split.line()}' for split in self.splits),
            *(f'warning: {warning}' for warning in self.warnings),
        ]


def require_labels(split: CheckedSplit) -> None:
    """Refuse a training set from which nothing can be learnt.

    A class of several may be absent from a part of the data; of two it leaves nothing to tell
    apart, and a loss that falls to zero.

    Raises:
        InputFileError: if no pixel is scored, or of two classes one never occurs.
    """
    absent = split.absent
    if len(absent) == len(split.classes):
        cause = f'{split.ignored} pixels are ignored' if split.ignored else 'there are no masks'
        raise InputFileError(
            f'no pixel of the {split.name} data set has a class, {cause} (label {IGNORED}), so '
            f'nothing can be learnt; give masks with classes, or mend value_map in the config'
        )
    if absent and len(split.classes) == 2:
        raise InputFileError(
            f'no pixel of the {split.name} data set, {split.samples} samples, is {absent[0]}, so '
            f'nothing can be learnt{split.ignored_clause()}; add samples that hold it, '
            f'or mend value_map in the config'
        )


def data_warnings(checked: Sequence[CheckedSplit]) -> Iterator[str]:
    """Find what does not stop a run and yet may spoil it, a sentence each."""
    for split in checked:
        if split.absent and split.counts.any():
            yield f'no pixel of {split.name} is {" or ".join(split.absent)}{split.ignored_clause()}'
        empty = [
            files.mask
            for files, found in split.findings.items()
            if files.mask and not found.counts[:IGNORED].any()
        ]
        if empty:
            verb = agreeing(len(empty), 'is', 'are')
            yield (
                f'{counted(len(empty), "mask")} of {split.name} {verb} ignored as a whole: '
                f'{list_named(map(_name, empty))}'
            )
        if split.unused_masks:
            number = len(split.unused_masks)
            yield (
                f'{counted(number, "mask")} of {split.name} without an image '
                f'{agreeing(number, "is", "are")} left out: {list_named(split.unused_masks)}'
            )
    yield from _warnings_between(checked)


def _warnings_between(checked: Sequence[CheckedSplit]) -> Iterator[str]:
    types = sorted({found.dtype for split in checked for found in split.findings.values()})
    if len(types) > 1:
        yield f'images are of several types ({", ".join(types)}), whose values may not be alike'
    images = {
        split.name: {os.path.realpath(files.image) for files in split.findings} for split in checked
    }
    for name in ('val', 'test'):
        shared = sorted(images.get('train', set()) & images.get(name, set()))
        if shared:
            yield (
                f'train and {name} share {counted(len(shared), "image")}, so scores are too good: '
                f'{list_named(map(_name, shared))}'
            )


def _name(path: str) -> str:
    return Path(path).name
