"""The evaluation in the form of the paper's Tables 4 and 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EVALUATOR = 'ConsistencyEvaluator'


def evaluations(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Gather what every evaluator of a run found.

    Args:
        summary: of the run: ``evaluation`` by the evaluator's name, and ``hooks``, which say
            behind which filter each of them stood.

    Returns:
        For every evaluator its ``stage`` ("after GeologicFilter"), ``pixels``, ``tolerant``
        (None without a boundary tolerance), ``landslides``, ``reference``,
        ``reference_landslides``, ``split``, ``merged`` and ``sizes``.

    Source: Tables 4 and 5.
    """
    found = summary.get('evaluation') or {}
    stages = _stages(summary)
    return [
        {
            'stage': stages.get(name, name),
            'pixels': result.get('pixels') or {},
            'tolerant': result.get('pixels_without_boundary'),
            'landslides': result.get('landslides') or {},
            'reference': result.get('reference'),
            'reference_landslides': result.get('reference_landslides'),
            'area': result.get('area'),
            'split': result.get('split_reference_landslides'),
            'merged': result.get('merged_predicted_landslides'),
            'sizes': [size for size in result.get('recall_by_size') or [] if size['landslides']],
        }
        for name, result in found.items()
    ]


def evaluation_file(summary: Mapping[str, Any], suffix: str) -> str | None:
    """Return the name of a file of the last evaluation that wrote one; None without any."""
    found = (summary.get('evaluation') or {}).values()
    names = [name for result in found for name in result.get('files') or []]
    return next((name for name in reversed(names) if name.endswith(suffix)), None)


def _stages(summary: Mapping[str, Any]) -> dict[str, str]:
    """Say behind which hook that changed something every evaluator stood."""
    stages: dict[str, str] = {}
    after = 'recognition alone'
    for record in summary.get('hooks', []):
        if record['hook'] == EVALUATOR:
            number = len(stages) + 1
            stages[EVALUATOR if number == 1 else f'{EVALUATOR}_{number}'] = after
        elif record['regions_in'] != record['regions_out']:
            after = f'after {record["hook"]}'
    return stages
