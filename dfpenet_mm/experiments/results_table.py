"""Tables of finished runs, and their means and spreads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dfpenet_mm.errors import ConfigError, InputFileError
from dfpenet_mm.files import read_errors, whole_file

KEY = ('name', 'fraction', 'seed', 'settings')


class ResultsTable:
    """Rows of scores in a CSV file, told apart by name, fraction and seed.

    Column ``settings`` is a digest of what else decides the scores.

    Args:
        path: the file; it need not exist.

    Raises:
        InputFileError: if the file is no such table.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.rows = self._read() if self.path.is_file() else pd.DataFrame(columns=list(KEY))

    def _read(self) -> pd.DataFrame:
        with read_errors(
            self.path,
            ValueError,
            how='cannot be read as a table of results',
            advice='move it away or name another one',
        ):
            rows = pd.read_csv(self.path, dtype={'settings': str})
        missing = [column for column in KEY if column not in rows]
        if missing:
            raise InputFileError(
                f'{self.path} has no column {missing[0]}, so it is no table of results; '
                f'move it away or name another one'
            )
        return rows

    def holds(self, *, name: str, fraction: float, seed: int, settings: str) -> bool:
        """Tell whether a run is finished.

        Args:
            name: of the run.
            fraction: share of the training set, percent.
            seed: of the run.
            settings: digest of all else that decides its scores.

        Raises:
            ConfigError: if the table has this run with other settings.
        """
        rows = self.rows
        same = rows[(rows.name == name) & (rows.fraction == fraction) & (rows.seed == seed)]
        if same.empty:
            return False
        if (same.settings != settings).any():
            raise ConfigError(
                f'{self.path} holds {name}, {fraction:g} %, seed {seed} with other settings than '
                f'asked for now; name another table, or remove the row to run it again'
            )
        return True

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a finished run and write the table.

        Raises:
            OutputError: if the disk refuses; the file is then as it was.
        """
        rows = pd.DataFrame([*self.rows.to_dict('records'), dict(row)])
        with whole_file(self.path, parents=True, durable=True) as part:
            rows.to_csv(part, index=False, float_format='%.6g')
        self.rows = rows


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
