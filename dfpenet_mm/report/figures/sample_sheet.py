"""Samples of a data set, their ground truth and what networks make of them, as Fig. 3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dfpenet_mm.report.figures.map_axes import place_axes, save
from dfpenet_mm.report.figures.palette import LETTER, LINE, NO_DATA, PAGE_WIDTH, SMALL, TEXT
from dfpenet_mm.report.figures.panel_page import MARGIN, columns_of_legend, draw_legend
from dfpenet_mm.vocabulary import IGNORED

# Inches: between cells, for the headings, below a cell for its score, a cell.
GAP, TOP, SCORE, MOST_SIDE = 0.08, 0.3, 0.2, 2.2


@dataclass(frozen=True)
class SampleRow:
    """One sample.

    Args:
        name: what stands beside it.
        picture: uint8, shape (rows, cols, 3).
        truth: classes, shape (rows', cols'); 255 is ignored. None without any.
        predictions: classes, one a network, each of shape (rows', cols').
    """

    name: str
    picture: np.ndarray
    truth: np.ndarray | None
    predictions: Sequence[np.ndarray]


@dataclass(frozen=True)
class ClassLegend:
    """Classes of a data set.

    Args:
        names: of the classes.
        palette: uint8, shape (classes, 3).
    """

    names: Sequence[str]
    palette: np.ndarray

    def paint(self, classes: np.ndarray) -> np.ndarray:
        """Colour classes, uint8, shape (rows, cols, 3); what is none of them is grey."""
        table = np.full((256, 3), tuple(bytes.fromhex(NO_DATA[1:])), np.uint8)
        table[: len(self.palette)] = self.palette
        return table[classes.astype(np.uint8)]


@style.context('default')  # not the user's matplotlibrc
def draw_samples(
    rows: Sequence[SampleRow], networks: Sequence[str], legend: ClassLegend, path: Path
) -> Path:
    """Draw one row a sample: image, ground truth, one prediction a network, with its score.

    Args:
        rows: the samples, at least one.
        networks: what stands above the predictions.
        legend: of the classes.
        path: PNG to write.

    Returns:
        ``path``.

    Source: Fig. 3, which shows no scores.
    """
    headings = ['image', 'ground truth', *networks]
    side = min((PAGE_WIDTH - 2 * MARGIN - (len(headings) - 1) * GAP) / len(headings), MOST_SIDE)
    heights = [side * row.picture.shape[0] / row.picture.shape[1] for row in rows]
    width = max(2 * MARGIN + len(headings) * (side + GAP) - GAP, 4.0)
    labels = [*legend.names, 'ignored']
    cols = columns_of_legend(labels, width)
    bottom = 0.15 + 1.2 * LINE * math.ceil(len(labels) / cols)
    height = TOP + sum(heights) + len(rows) * SCORE + bottom
    figure = Figure(figsize=(width, height))
    top = TOP
    for number, (row, tall) in enumerate(zip(rows, heights, strict=True)):
        cells = [(row.picture, row.name)]
        if row.truth is not None:
            cells.append((legend.paint(row.truth), ''))
        else:
            cells.append((np.full((*row.predictions[0].shape, 3), 255, np.uint8), 'none'))
        cells += [
            (legend.paint(classes), _score_text(row.truth, classes, legend))
            for classes in row.predictions
        ]
        for column, (colours, below) in enumerate(cells):
            axes = place_axes(figure, MARGIN + column * (side + GAP), top, side, tall)
            axes.imshow(colours, aspect='auto', interpolation='nearest' if column else 'auto')
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(_shortened(below, side), fontsize=SMALL, labelpad=2)
            if number == 0:
                axes.set_title(_shortened(headings[column], side), fontsize=TEXT, pad=3)
        top += tall + SCORE
    patches = [
        Patch(facecolor=colour / 255, edgecolor='#888888', lw=0.5, label=name)
        for name, colour in zip(legend.names, np.asarray(legend.palette), strict=True)
    ]
    patches.append(Patch(facecolor=NO_DATA, edgecolor='#888888', lw=0.5, label='ignored'))
    draw_legend(figure, patches, cols)
    return save(figure, path)


def landslide_iou(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    """Return the IoU of class 1 on pixels that are not ignored; None if it is nowhere."""
    known = truth != IGNORED
    true, found = (truth == 1) & known, (prediction == 1) & known
    union = int((true | found).sum())
    return int((true & found).sum()) / union if union else None


def overall_accuracy(truth: np.ndarray, prediction: np.ndarray) -> float | None:
    """Return the share of right pixels among those that are not ignored; None without any."""
    known = truth != IGNORED
    return float((truth == prediction)[known].mean()) if known.any() else None


def _score_text(truth: np.ndarray | None, prediction: np.ndarray, legend: ClassLegend) -> str:
    if truth is None:
        return ''
    if len(legend.names) == 2:
        iou = landslide_iou(truth, prediction)
        return 'none in either' if iou is None else f'IoU {iou:.1%}'
    accuracy = overall_accuracy(truth, prediction)
    return '' if accuracy is None else f'OA {accuracy:.1%}'


def _shortened(text: str, width: float) -> str:
    """Cut the middle of a text that is wider than so many inches."""
    most = max(8, int(width / LETTER))
    half = (most - 3) // 2
    return text if len(text) <= most else f'{text[:half]}...{text[-half:]}'
