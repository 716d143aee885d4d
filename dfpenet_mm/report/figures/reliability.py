"""Probability against truth: of ground that is called likely, how much is landslide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from dfpenet_mm.audit.chance import with_rejected
from dfpenet_mm.audit.findings import landslide_reliability
from dfpenet_mm.report.figures.map_axes import save
from dfpenet_mm.report.figures.palette import HIT, NO_DATA, SMALL, TEXT
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.vocabulary import AUDIT
from dfpenet_mm.wording import counted

RELIABILITY = 'reliability.png'


def draw_reliability(products: RunProducts, path: Path) -> Path | None:
    """Draw how far the probability of a run can be taken at its word.

    By the points of an audit, if there was one, and otherwise by the landslides that an analyst
    judged.

    Args:
        products: of the run.
        path: picture to write, PNG.

    Returns:
        The path; None where nothing was judged.

    Raises:
        OutputError: if the picture cannot be written.
    """
    found = (products.summary.get(AUDIT) or {}).get('reliability')
    mark = products.review.mark
    if found:
        return draw_bins(found, path, mark=mark)
    found = landslide_reliability(with_rejected(products.landslides, products.rejected))
    if found is None:
        return None
    return draw_bins(found, path, 'judged landslide', 'of the landslides confirmed', mark)


def draw_bins(
    found: Mapping[str, Any],
    path: Path,
    noun: str = 'audit point',
    share: str = 'of the ground that is landslide',
    mark: str = '',
) -> Path:
    """Draw bins of probability as dots, each as large as its number of points.

    Args:
        found: ``bins`` with ``points``, ``mean_probability`` and ``share``, and
            ``expected_error``.
        path: picture to write, PNG.
        noun: what was judged.
        share: what the share is of.
        mark: what a reader must know of the map's review; empty for nothing.
    """
    bins = found['bins']
    number = np.array([part['points'] for part in bins])
    means = np.array([part['mean_probability'] for part in bins])
    shares = np.array([part['share'] for part in bins])
    # Room for the mark.
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 0.95 if mark else 1))
    figure = Figure(figsize=(4.6, 4.6), layout=layout)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color='0.5', linestyle='--', label='probability taken at its word')
    axes.plot(means, shares, color=NO_DATA, zorder=1)
    label = f'{counted(int(number.sum()), noun)}, mean error {found["expected_error"]:.3f}'
    sizes = 20 + 180 * number / number.max()
    axes.scatter(means, shares, s=sizes, color=HIT, edgecolor='black', zorder=2, label=label)
    for mean, part, points in zip(means, shares, number, strict=True):
        side = -1 if part > 0.9 else 1
        axes.annotate(
            f'{points}',
            (mean, part),
            xytext=(0, 11 * side),
            textcoords='offset points',
            ha='center',
            va='center',
            fontsize=SMALL,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.04, 1.04)
    axes.set_xlabel('probability of landslide', fontsize=TEXT)
    axes.set_ylabel(f'share {share}', fontsize=TEXT)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=SMALL, loc='upper left')
    return save(figure, path, mark)
