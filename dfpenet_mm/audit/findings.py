"""Findings of an audit in plain values: what was sampled, and how right the map is by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from dfpenet_mm.audit.chance import FEWEST, FEWEST_OF_EACH, NO, YES, fit_chance, with_rejected
from dfpenet_mm.audit.estimators import AuditError, Estimate, Stratum, estimate_accuracy
from dfpenet_mm.audit.sample import MapStratum
from dfpenet_mm.review import review_states
from dfpenet_mm.vocabulary import (
    REVIEWED_AT,
    REVIEWER,
    VERDICT,
    Judgement,
    Review,
)
from dfpenet_mm.wording import agreeing, counted

# Verdicts that each part of the map wants, or all of its pixels.
FEWEST_VERDICTS = 10
# Share of landslides smaller than the judged ones, above which they cannot be counted.
MOST_TOO_SMALL = 0.2
DECIDED = (Judgement.LANDSLIDE, Judgement.NOT_LANDSLIDE)
BINS = 10


def accuracy_findings(
    points: gpd.GeoDataFrame, strata: Sequence[MapStratum], mapped: np.ndarray
) -> dict[str, Any]:
    """Judge a map by the verdicts on a sample of it.

    Points that nobody could judge are left out, as if they were like the others of their
    stratum; what the area would be if all or none of them were landslide is told beside it.

    Args:
        points: with ``stratum`` and ``verdict``.
        strata: from which they were drawn.
        mapped: whether the map has landslide at a point now, bool, shape (points,).

    Returns:
        Plain JSON values.

    Raises:
        AuditError: if a stratum has too few verdicts.
    """
    verdicts = points[VERDICT].to_numpy()
    tables = _tables(points, strata, mapped, unknown=None)
    found = estimate_accuracy(tables)
    total_m2 = sum(stratum.area_m2 for stratum in strata)
    unknown = int((verdicts == Judgement.CANNOT_TELL).sum())
    rows = [
        {
            'stratum': str(stratum.name),
            'pixels': stratum.pixels,
            'area_m2': stratum.area_m2,
            'points': int(inside.sum()),
            **{
                str(word).replace(' ', '_'): int((verdicts[inside] == word).sum())
                for word in Judgement
            },
        }
        for stratum in strata
        for inside in [(points['stratum'] == stratum.name).to_numpy()]
    ]
    return {
        'points': len(points),
        'decided': int(np.isin(verdicts, DECIDED).sum()),
        'cannot_tell': unknown,
        'open': int(pd.isna(verdicts).sum()),
        'reviewers': sorted(_texts(points, REVIEWER)),
        'last_verdict': max(_texts(points, REVIEWED_AT), default=None),
        'strata': rows,
        'error_matrix': _error_matrix(tables),
        'overall_accuracy': found.overall.to_dict(),
        'users_accuracy': found.users.to_dict(),
        'producers_accuracy': found.producers.to_dict(),
        'landslide_area_m2': found.landslide_share.scaled(total_m2).to_dict(),
        'ground_m2': total_m2,
        'area_if_unclear_m2': _extremes(points, strata, mapped, total_m2) if unknown else None,
    }


def _tables(
    points: gpd.GeoDataFrame,
    strata: Sequence[MapStratum],
    mapped: np.ndarray,
    unknown: Judgement | None,
) -> list[Stratum]:
    """Count points by stratum, map and truth; ``unknown`` is what unclear ones are taken for."""
    verdicts = points[VERDICT].to_numpy()
    if unknown is not None:
        verdicts = np.where(verdicts == Judgement.CANNOT_TELL, unknown, verdicts)
    if pd.isna(verdicts).all():
        raise AuditError(
            'no point has a verdict yet; look at the points in QGIS, say what is there, and save'
        )
    tables = []
    for stratum in strata:
        inside = (points['stratum'] == stratum.name).to_numpy()
        table = np.zeros((2, 2))
        for row in (0, 1):
            for col, word in enumerate((Judgement.NOT_LANDSLIDE, Judgement.LANDSLIDE)):
                table[row, col] = (inside & (mapped == bool(row)) & (verdicts == word)).sum()
        fewest = min(FEWEST_VERDICTS, stratum.pixels)
        if table.sum() < fewest:
            raise AuditError(
                f'{counted(int(table.sum()), "point")} of the part "{stratum.name}" '
                f'{"has" if table.sum() == 1 else "have"} a verdict that counts, wanted are at '
                f'least {fewest}; look at more of its points, or draw a larger sample'
            )
        tables.append(Stratum(str(stratum.name), stratum.area_m2, table, stratum.pixels))
    return tables


def _error_matrix(tables: Sequence[Stratum]) -> dict[str, dict[str, float]]:
    """Return estimated shares of the ground by map and truth."""
    total = sum(table.size for table in tables)
    parts = [table.size / total * table.counts / table.points for table in tables]
    shares = np.sum(parts, axis=0)
    names = ('background', 'landslide')
    return {
        f'mapped_{name}': {
            f'is_{truth}': float(shares[row, col]) for col, truth in enumerate(names)
        }
        for row, name in enumerate(names)
    }


def _extremes(
    points: gpd.GeoDataFrame, strata: Sequence[MapStratum], mapped: np.ndarray, total_m2: float
) -> dict[str, float]:
    areas = {}
    for name, word in (('none', Judgement.NOT_LANDSLIDE), ('all', Judgement.LANDSLIDE)):
        share = estimate_accuracy(_tables(points, strata, mapped, unknown=word)).landslide_share
        areas[name] = float((share.value or 0.0) * total_m2)
    return areas


def _texts(points: pd.DataFrame, name: str) -> set[str]:
    cells = points[name].dropna() if name in points else []
    return {text for cell in cells if (text := str(cell).strip())}


def count_findings(landslides: pd.DataFrame, rejected: pd.DataFrame | None) -> dict[str, Any]:
    """Estimate how many of the mapped landslides are some, from those that were judged.

    Args:
        landslides: of the inventory, with ``review``.
        rejected: regions that were taken away; of them those that an analyst rejected were mapped.

    Returns:
        ``mapped``, ``confirmed``, ``rejected``, and the estimated count of landslides among what
        was mapped as ``landslides``: None, with ``why``, where too few were judged. Landslides
        that were not mapped are no part of it.
    """
    both = with_rejected(landslides, rejected)
    states = review_states(both)
    mapped = both[states != Review.ADDED]
    yes, no = int(np.isin(states, YES).sum()), int(np.isin(states, NO).sum())
    found: dict[str, Any] = {'mapped': len(mapped), 'confirmed': yes, 'rejected': no}
    model = fit_chance(both)
    if model is None:
        why = (
            f'{counted(yes + no, "landslide")} judged, {no} of them rejected; it takes {FEWEST}, '
            f'and {FEWEST_OF_EACH} either way'
        )
        return {**found, 'landslides': None, 'why': why}
    open_ones = both[states == Review.UNREVIEWED]
    small = int(model.too_small(open_ones).sum())
    if small > MOST_TOO_SMALL * len(open_ones):
        why = (
            f'{small:,} of {counted(len(open_ones), "landslide")} that nobody judged '
            f'{agreeing(small, "is", "are")} smaller than nearly all that were judged; judge small '
            f'ones too'
        )
        return {**found, 'landslides': None, 'why': why}
    value, low, high = model.count(open_ones)
    return {**found, 'landslides': Estimate(yes + value, yes + low, yes + high, None).to_dict()}


def reliability_findings(
    points: gpd.GeoDataFrame, strata: Sequence[MapStratum], probability: np.ndarray
) -> dict[str, Any]:
    """Compare the probability at the points with what was found there.

    Args:
        points: with ``stratum`` and ``verdict``.
        strata: from which they were drawn.
        probability: at the points, shape (points,); NaN where there is none.

    Returns:
        ``bins`` of probability with ``points``, ``mean_probability`` and the ``share`` of
        landslide, every point weighed by the ground it stands for; and ``expected_error``, the
        mean distance of the two.
    """
    verdicts = points[VERDICT].to_numpy()
    decided = np.isin(verdicts, DECIDED) & np.isfinite(probability)
    weights = np.zeros(len(points))
    for stratum in strata:
        inside = (points['stratum'] == stratum.name).to_numpy() & decided
        weights[inside] = stratum.area_m2 / max(1, inside.sum())
    truth = verdicts[decided] == Judgement.LANDSLIDE
    return reliability(probability[decided], truth, weights[decided])


def landslide_reliability(table: pd.DataFrame) -> dict[str, Any] | None:
    """Compare the mean probability of landslides with what an analyst said of them.

    Args:
        table: inventory with ``review`` and ``mean_probability``.

    Returns:
        As ``reliability``; None where fewer than 20 were judged.
    """
    if 'mean_probability' not in table:
        return None
    states = review_states(table)
    probability = pd.to_numeric(table['mean_probability'], errors='coerce').to_numpy(float)
    judged = np.isin(states, [*YES, *NO]) & np.isfinite(probability)
    if judged.sum() < FEWEST:
        return None
    truth = np.isin(states, YES)[judged]
    return reliability(probability[judged], truth, np.ones(judged.sum()))


def reliability(probability: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """Gather probabilities in ten bins, and compare each with the share that is true.

    Args:
        probability: in [0, 1], shape (things,).
        truth: bool, same shape.
        weights: what each stands for, same shape.

    Returns:
        As ``reliability_findings``.
    """
    places = np.minimum((probability * BINS).astype(int), BINS - 1)
    bins, error = [], 0.0
    for number in np.unique(places):
        inside = places == number
        weight = weights[inside].sum()
        mean = float(weights[inside] @ probability[inside] / weight)
        share = float(weights[inside] @ truth[inside] / weight)
        error += weight * abs(mean - share) / weights.sum()
        bins.append({'points': int(inside.sum()), 'mean_probability': mean, 'share': share})
    return {'bins': bins, 'expected_error': float(error)}


def audit_sentences(found: Mapping[str, Any]) -> list[str]:
    """Say the findings of an audit."""
    area = found['landslide_area_m2']
    lines = [
        f'landslides cover {_km2(area["value"])} (95 %: {_km2(area["low"])} to '
        f'{_km2(area["high"])}); the map has {_km2(found["mapped_area_m2"])}'
    ]
    for key, what in (
        ('users_accuracy', 'of the mapped landslide area is landslide'),
        ('producers_accuracy', 'of the landslide area is mapped'),
        ('overall_accuracy', 'of the ground is mapped rightly'),
    ):
        if found[key]['value'] is not None:
            value, low, high = (100 * found[key][name] for name in ('value', 'low', 'high'))
            lines.append(f'{value:.1f} % (95 %: {low:.1f} to {high:.1f} %) {what}')
    count = (found.get('landslides') or {}).get('landslides')
    if count:
        lines.append(
            f'of {counted(found["landslides"]["mapped"], "mapped landslide")} about '
            f'{count["value"]:,.0f} (95 %: {count["low"]:,.0f} to {count["high"]:,.0f}) are some'
        )
    return lines


def _km2(area_m2: float) -> str:
    return f'{area_m2 / 1e6:,.3f} km2' if area_m2 >= 1e5 else f'{area_m2:,.0f} m2'
