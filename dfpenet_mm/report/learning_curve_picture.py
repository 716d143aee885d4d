"""Draw scores against the size of the training set, as the paper's Fig. 10 does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure

SCORES = ('IoU', 'precision', 'recall')


@style.context('default')  # not the user's matplotlibrc
def draw_learning_curve(table: pd.DataFrame, target: str | Path) -> None:
    """Draw one panel a score, one line a config, the spread over seeds as a band.

    Args:
        table: ``name``, ``fraction`` (percent), and for each of IoU, precision and recall its
            mean and ``<score>_spread``, all in percent; NaN spreads give no band.
        target: PNG to write.

    Source: Fig. 10, whose single runs have no band.
    """
    figure = Figure(figsize=(11, 3.6), layout='constrained')
    panels = figure.subplots(1, len(SCORES), sharey=True)
    for panel, score in zip(panels, SCORES, strict=True):
        for name, rows in table.groupby('name', sort=False):
            curve = rows.sort_values('fraction')
            mean, spread = curve[score], curve[f'{score}_spread'].fillna(0)
            (line,) = panel.plot(curve.fraction, mean, marker='o', markersize=4, label=name)
            panel.fill_between(
                curve.fraction, mean - spread, mean + spread, color=line.get_color(), alpha=0.2
            )
        panel.set_title('landslide IoU' if score == 'IoU' else score)
        panel.set_xlabel('share of the training set, %')
        panel.grid(alpha=0.3)
    panels[0].set_ylabel('%')
    panels[0].legend(title='mean ± standard deviation over seeds', title_fontsize='small')
    figure.savefig(target, dpi=150)
