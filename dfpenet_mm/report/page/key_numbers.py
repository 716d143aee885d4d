"""The numbers a responder asks for first, and those of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dfpenet_mm.files import file_digest
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.report.figures.palette import hook_words
from dfpenet_mm.vocabulary import AUDIT

LARGEST = 10
# Parts of the way from the threshold to 1 from which on a mean probability is sure, and up to
# which it is doubtful: 0.8 and 0.6 for a threshold of a half.
SURE, DOUBTFUL = 0.6, 0.2
BINS = 20


@dataclass(frozen=True)
class SceneFacts:
    """Extent of what was mapped.

    Args:
        asked_km2: area of the whole raster, or of its part in the area of interest.
        mapped_km2: area of the pixels with data in it.
        area_name: file of the area of interest; None for the whole raster.
    """

    asked_km2: float
    mapped_km2: float
    area_name: str | None = None

    @property
    def nodata_share(self) -> float:
        """Share of the area of interest that has no data."""
        return 1 - self.mapped_km2 / self.asked_km2


def scene_facts(grid: RasterGrid, summary: Mapping[str, Any]) -> SceneFacts:
    """Measure the scene from its pixel at the centre and the pixels that had data."""
    area = summary.get('area_of_interest') or {}
    pixels = area.get('pixels', math.prod(grid.shape))
    valid = summary.get('recognition', {}).get('post', {}).get('valid_pixels', pixels)
    pixel_km2 = math.prod(grid.pixel_size) / 1e6
    return SceneFacts(pixels * pixel_km2, valid * pixel_km2, area.get('name'))


def headline(table: pd.DataFrame, facts: SceneFacts) -> dict[str, Any]:
    """Count and measure.

    Args:
        table: landslides with ``id`` and ``area_m2``.
        facts: of the scene.

    Returns:
        ``landslides``, ``area_km2``, ``share`` of the mapped area, and ``largest_m2``,
        ``largest_id`` and ``median_m2``, which are None without landslides.
    """
    areas = table['area_m2']
    total = float(areas.sum()) / 1e6
    some = len(table) > 0
    return {
        'landslides': len(table),
        'area_km2': total,
        'share': total / facts.mapped_km2 if facts.mapped_km2 else None,
        'density': len(table) / facts.mapped_km2 if facts.mapped_km2 else None,
        'largest_m2': float(areas.max()) if some else None,
        'largest_id': int(table.loc[areas.idxmax(), 'id']) if some else None,
        'median_m2': float(areas.median()) if some else None,
        'touching_edge': count_true(table, 'touches_edge'),
    }


def count_true(table: pd.DataFrame, name: str) -> int | None:
    """Count the rows in which a column is true; None if there is no such column."""
    if name not in table:
        return None
    return int(pd.to_numeric(table[name], errors='coerce').fillna(0).astype(bool).sum())


def largest(table: pd.DataFrame, number: int = LARGEST) -> list[dict[str, Any]]:
    """Return the largest landslides, largest first, each with its ``row`` in the table.

    A measure that the table lacks, or that is unknown, is None.
    """
    names = ('id', 'area_m2', 'length_m', 'width_m', 'mean_probability', 'lon', 'lat')
    ranked = table.nlargest(number, 'area_m2')
    rows = []
    for row, values in zip(ranked.index, ranked.to_dict('records'), strict=True):
        known = {name: _number(values.get(name)) for name in names}
        edge = values.get('touches_edge')
        rows.append(
            known
            | {'row': int(row), 'id': int(values['id'])}
            | {'touches_edge': None if edge is None or pd.isna(edge) else bool(edge)}
        )
    return rows


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def confidence(table: pd.DataFrame, summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """Describe how sure the network is of the landslides.

    Args:
        table: landslides with ``area_m2``.
        summary: of the run, whose threshold a probability is measured by.

    Returns:
        ``sure_from`` and ``doubtful_below``, mean probabilities in whole bins; ``sure`` and
        ``doubtful``, the shares of the landslides beyond them; ``expected``, the share of the
        mapped landslide area that is landslide by a calibrated probability, None for any other;
        ``known`` landslides; and ``bins``: ``low``, ``high`` and number of each. None without
        probabilities.
    """
    if 'mean_probability' not in table:
        return None
    means = pd.to_numeric(table['mean_probability'], errors='coerce')
    values = means.dropna().to_numpy()
    if not values.size:
        return None
    probability = summary.get('probability') or {}
    threshold = float(probability.get('threshold') or 0.5)
    sure_from, doubtful_below = (
        round(BINS * (threshold + part * (1 - threshold))) / BINS for part in (SURE, DOUBTFUL)
    )
    areas = table.loc[means.notna(), 'area_m2'].to_numpy(float)
    told = probability.get('calibration') and areas.sum() > 0
    first = math.floor(np.clip(values.min(), 0, 0.5) * BINS)
    # Whole numbers divided once: 0.6 and not 0.6000000000000001, which would be another bin.
    edges = np.arange(first, BINS + 1) / BINS
    counts, _ = np.histogram(values, bins=edges)
    return {
        'known': int(values.size),
        'sure_from': sure_from,
        'doubtful_below': doubtful_below,
        'sure': float((values >= sure_from).mean()),
        'doubtful': float((values < doubtful_below).mean()),
        'expected': float(values @ areas / areas.sum()) if told else None,
        'bins': [
            {'low': float(low), 'high': float(high), 'landslides': int(count)}
            for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ],
    }


EVALUATOR = 'ConsistencyEvaluator'
# What a result may lack, as without a boundary tolerance.
UNSAID: Mapping[str, Any] = {
    **{'pixels': {}, 'pixels_without_boundary': None, 'landslides': {}, 'recall_by_size': []},
    **dict.fromkeys(('reference', 'reference_landslides', 'area')),
    **dict.fromkeys(('split_reference_landslides', 'merged_predicted_landslides')),
}


def evaluations(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Gather what every evaluator of a run found.

    Args:
        summary: of the run: ``evaluation`` by the evaluator's name, and ``hooks``, which say
            behind which filter each of them stood.

    Returns:
        For every evaluator what its result says, and ``stage``, such as "after the geologic
        filter".

    Source: Tables 4 and 5.
    """
    stages = _stages(summary)
    found = (summary.get('evaluation') or {}).items()
    return [{**UNSAID, **result, 'stage': stages.get(name, name)} for name, result in found]


def _stages(summary: Mapping[str, Any]) -> dict[str, str]:
    """Say behind which hook that changed something every evaluator stood."""
    stages: dict[str, str] = {}
    after = 'recognition alone'
    for record in summary.get('hooks', []):
        if record['hook'] == EVALUATOR:
            number = len(stages) + 1
            stages[EVALUATOR if number == 1 else f'{EVALUATOR}_{number}'] = after
        elif record['regions_in'] != record['regions_out']:
            after = f'after the {hook_words(record["hook"])}'
    return stages


def audit(summary: Mapping[str, Any], folder: Path) -> dict[str, Any] | None:
    """Return the findings of an audit, if there was one.

    Args:
        summary: of the run.
        folder: of its products.

    Returns:
        As in the summary, with ``outdated``: whether the map was edited since.
    """
    found = summary.get(AUDIT)
    if not found:
        return None
    now = file_digest(folder / 'mask.tif')
    return {**found, 'outdated': found.get('mask_sha256') not in (None, now)}
