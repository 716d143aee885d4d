"""The chance that a mapped landslide is one, learnt from those that an analyst judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from dfpenet_mm.review import review_states
from dfpenet_mm.vocabulary import CHANCE, REVIEW, Review

# Judged landslides it takes at least, and of each outcome.
FEWEST, FEWEST_OF_EACH = 20, 3
# Standard deviation of the prior of a slope: features are in units of their own spread.
SLOPE = 1.0
# Probabilities nearer to 0 or 1 are all alike.
LIMIT = 1e-3
FEATURES = ('mean_probability', 'p10_probability', 'area_m2')
YES, NO = (Review.CONFIRMED, Review.EDITED), (Review.REJECTED,)
DRAWS, SEED = 2000, 0
# Of the judged landslides, the share that is smaller than the smallest one with a chance.
SMALLER = 0.05


@dataclass(frozen=True)
class ChanceModel:
    """A logistic regression that never falls with probability or area.

    Args:
        names: columns of the features.
        middle: their means, shape (features,).
        spread: their standard deviations, likewise.
        weights: intercept and slopes, shape (1 + features,).
        covariance: of the weights, shape (1 + features, 1 + features).
        confirmed: landslides it was fitted on that are some.
        rejected: and that are none.
        smallest_m2: nearly all judged ones were larger, so that of smaller ones nothing is known.
    """

    names: tuple[str, ...]
    middle: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    covariance: np.ndarray
    confirmed: int
    rejected: int
    smallest_m2: float

    def chances(self, table: pd.DataFrame) -> np.ndarray:
        """Return chances in (0, 1), shape (rows,); NaN where nothing is known."""
        return np.where(self.too_small(table), np.nan, expit(self._design(table) @ self.weights))

    def too_small(self, table: pd.DataFrame) -> np.ndarray:
        """Tell which landslides are smaller than nearly all that were judged, shape (rows,)."""
        return pd.to_numeric(table['area_m2'], errors='coerce').to_numpy(float) < self.smallest_m2

    def count(self, table: pd.DataFrame) -> tuple[float, float, float]:
        """Estimate how many landslides of a table are some: mean, and limits of 95 %.

        The limits know that the weights are estimated, and that chance decides on each landslide.
        """
        design = self._design(table)
        design = design[np.isfinite(design).all(axis=1)]
        rng = np.random.default_rng(SEED)
        weights = rng.multivariate_normal(self.weights, self.covariance, DRAWS)
        found = [rng.binomial(1, expit(design @ draw)).sum() for draw in weights]
        low, high = np.percentile(found, (2.5, 97.5))
        return float(expit(design @ self.weights).sum()), float(low), float(high)

    def _design(self, table: pd.DataFrame) -> np.ndarray:
        scaled = (_features(table, self.names) - self.middle) / self.spread
        return np.column_stack([np.ones(len(table)), scaled])


def landslide_chance(table: pd.DataFrame) -> pd.Series:
    """Estimate for every landslide that nobody judged how likely an analyst would confirm it.

    Args:
        table: one polygon a row, with the columns ``review``, ``mean_probability``, ``area_m2``
            and perhaps ``p10_probability``. Confirmed and edited ones are landslides, rejected
            ones are not; what an analyst added was not mapped and teaches nothing.

    Returns:
        ``chance`` in (0, 1) with the table's index; NaN for judged and added landslides, for
        those without a probability, for those smaller than nearly all that were judged, and for
        all where fewer than 20 were judged, or fewer than 3 either way.
    """
    chance = pd.Series(np.nan, table.index, float, name=CHANCE)
    model = fit_chance(table)
    if model is not None:
        open_ones = review_states(table) == Review.UNREVIEWED
        chance[open_ones] = model.chances(table[open_ones])
    return chance


def with_rejected(landslides: pd.DataFrame, rejected: pd.DataFrame | None) -> pd.DataFrame:
    """Put back what an analyst rejected, and no filter: it was mapped.

    Args:
        landslides: of the inventory.
        rejected: regions that were taken away, by a filter or an analyst; None without any.

    Returns:
        Both, the landslides first, numbered from 0.
    """
    tables = [pd.DataFrame(landslides)]
    if rejected is not None and REVIEW in rejected:
        by_analyst = review_states(rejected) == Review.REJECTED
        if by_analyst.any():
            tables.append(pd.DataFrame(rejected[by_analyst]))
    return pd.concat(tables, ignore_index=True)


def with_chance(
    landslides: gpd.GeoDataFrame, rejected: pd.DataFrame | None, seen: np.ndarray
) -> gpd.GeoDataFrame:
    """Write the chance of a landslide beside its probability.

    Args:
        landslides: of a reviewed inventory.
        rejected: what was taken away; that of an analyst teaches what is none.
        seen: whether an analyst has judged a landslide or, on reviewed ground, left it standing,
            which confirms it; bool, shape (landslides,).

    Returns:
        The inventory with a column ``chance``; without it where too few were judged.
    """
    table = landslides.drop(columns=CHANCE, errors='ignore')
    chance = landslide_chance(_judged(table, rejected, seen)).to_numpy()[: len(table)]
    if not np.isfinite(chance).any():
        return table
    table = table.assign(**{CHANCE: chance})
    names = [name for name in table if name != CHANCE]
    place = names.index('mean_probability') + 1
    return table[[*names[:place], CHANCE, *names[place:]]]


def count_too_small(
    landslides: gpd.GeoDataFrame, rejected: pd.DataFrame | None, seen: np.ndarray
) -> int:
    """Count those without a chance as nearly all that were judged are larger.

    Arguments are those of ``with_chance``.
    """
    both = _judged(landslides, rejected, seen)
    model = fit_chance(both)
    if model is None:
        return 0
    return int((model.too_small(both) & (review_states(both) == Review.UNREVIEWED)).sum())


def _judged(
    landslides: pd.DataFrame, rejected: pd.DataFrame | None, seen: np.ndarray
) -> pd.DataFrame:
    states = review_states(landslides)
    states[(states == Review.UNREVIEWED) & seen] = Review.CONFIRMED
    return with_rejected(landslides.assign(**{REVIEW: states}), rejected)


def fit_chance(table: pd.DataFrame) -> ChanceModel | None:
    """Fit the chance on what was judged; arguments are those of ``landslide_chance``.

    Slopes shrink towards 0, so that with few verdicts the chance is near the share of confirmed
    ones; they are never negative: a landslide of a higher probability is never less likely.

    Returns:
        The model; None where too few were judged.
    """
    states = review_states(table)
    decided = np.isin(states, [*YES, *NO])
    judged, truth = table[decided], np.isin(states, YES)[decided].astype(float)
    names = tuple(name for name in FEATURES if name in table and judged[name].notna().any())
    if not {'mean_probability', 'area_m2'} <= set(names):
        return None
    features = _features(judged, names)
    known = np.isfinite(features).all(axis=1)
    features, truth = features[known], truth[known]
    yes = int(truth.sum())
    if len(truth) < FEWEST or min(yes, len(truth) - yes) < FEWEST_OF_EACH:
        return None
    middle, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread < 1e-9] = 1.0
    design = np.column_stack([np.ones(len(truth)), (features - middle) / spread])
    weights, covariance = _fit(design, truth)
    sizes = pd.to_numeric(judged['area_m2'], errors='coerce').to_numpy(float)[known]
    return ChanceModel(
        names,
        middle,
        spread,
        weights,
        covariance,
        confirmed=yes,
        rejected=len(truth) - yes,
        smallest_m2=float(np.quantile(sizes, SMALLER, method='lower')),
    )


def _fit(design: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of the largest posterior, and their covariance there."""
    precision = np.full(design.shape[1], SLOPE**-2)
    precision[0] = 0

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        score = design @ weights
        value = np.logaddexp(0, score).sum() - truth @ score + precision @ weights**2 / 2
        return value, design.T @ (expit(score) - truth) + precision * weights

    start = np.zeros(design.shape[1])
    start[0] = logit(truth.mean())
    bounds = [(None, None)] + [(0, None)] * (len(start) - 1)
    weights = minimize(loss, start, jac=True, bounds=bounds, method='L-BFGS-B').x
    chance = expit(design @ weights)
    curvature = (design.T * (chance * (1 - chance))) @ design + np.diag(precision)
    return weights, np.linalg.inv(curvature)


def _features(table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return probabilities as log odds and areas as logarithms, shape (rows, features)."""
    columns = []
    for name in names:
        values = pd.to_numeric(table[name], errors='coerce').to_numpy(float)
        with np.errstate(invalid='ignore', divide='ignore'):
            known = np.where(values > 0, np.log(values), math.nan)
            columns.append(known if name == 'area_m2' else logit(np.clip(values, LIMIT, 1 - LIMIT)))
    return np.column_stack(columns)
