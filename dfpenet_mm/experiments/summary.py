"""Means and spreads of repeated runs, as a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

SCORES = ('precision', 'recall', 'F1', 'IoU', 'OA')


def mean_and_spread(rows: pd.DataFrame, scores: Sequence[str] = SCORES) -> pd.DataFrame:
    """Average the runs of every name and fraction.

    Args:
        rows: rows of a ``ResultsTable``.
        scores: columns to average.

    Returns:
        One row for each name and fraction in the order they come, with ``runs`` and, for every
        score, its mean and ``<score>_spread``, the sample standard deviation (NaN for one run).
    """
    groups = rows.groupby(['name', 'fraction'], sort=False)
    spread = groups[list(scores)].std(ddof=1).add_suffix('_spread')
    table = groups[list(scores)].mean().join(spread)
    return table.join(groups.size().rename('runs')).reset_index()


def markdown_table(rows: pd.DataFrame, scores: Sequence[str] = SCORES) -> list[str]:
    """Write means and spreads as the lines of a Markdown table, one decimal each."""
    table = mean_and_spread(rows, scores)
    with_fraction = table.fraction.nunique() > 1
    head = ['run', *(['training set'] if with_fraction else []), 'seeds', *scores]
    lines = [f'| {" | ".join(head)} |', f'|{"---|" * len(head)}']
    for row in table.to_dict('records'):
        share = [f'{row["fraction"]:g} %'] if with_fraction else []
        cells = [row['name'], *share, str(row['runs']), *(_cell(row, name) for name in scores)]
        lines.append(f'| {" | ".join(cells)} |')
    return lines


def _cell(row: dict, score: str) -> str:
    spread = row[f'{score}_spread']
    mean = f'{row[score]:.1f}'
    return mean if pd.isna(spread) else f'{mean} ± {spread:.1f}'
