"""What every hook took away, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

# Hooks that may remove regions, and what they do.
FILTERS = {
    'GeologicFilter': 'Geologic filter: regions too small, too large, too thin or on wrong ground',
    'TemporalDifference': 'Temporal difference: what was there before the event',
}
# Smallest area that counts as taken away, square metres.
SMALL_AREA_M2 = 0.5
# But not that of a unit, as in m2.
NUMBER = r'(?<![A-Za-z\d.])-?\d[\d.,]*'


def removals(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the hooks that could remove something or did.

    Args:
        summary: of the run, with ``hooks``.

    Returns:
        ``hook``, ``meaning``, ``regions_in``, ``regions`` and ``area_m2`` taken away, and
        ``note`` where the hook did not do its work, in the order of the run.
    """
    rows = []
    for record in summary.get('hooks', []):
        regions = record['regions_in'] - record['regions_out']
        area = record['area_m2_in'] - record['area_m2_out']
        if record['hook'] in FILTERS or regions or abs(area) > SMALL_AREA_M2:
            rows.append(
                {
                    'hook': record['hook'],
                    'meaning': FILTERS.get(record['hook'], record['hook']),
                    'regions_in': record['regions_in'],
                    'regions': regions,
                    'area_m2': area,
                    'note': _note(record['hook'], summary.get('results', {})),
                }
            )
    return rows


def _note(hook: str, results: Mapping[str, Any]) -> str | None:
    found = results.get(hook)
    if hook != 'TemporalDifference' or not isinstance(found, Mapping):
        return None
    if not found.get('pre_event'):
        return 'no pre-event image was given'
    if found.get('trusted') is False:
        return 'the pre-event result is not plausible, so nothing was removed'
    return None


def reasons(rejected: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Count rejected regions by hook and kind of reason, most frequent first.

    Two reasons are of one kind if they differ in numbers only.
    """
    if rejected is None or rejected.empty or 'reason' not in rejected:
        return []
    kinds = rejected['reason'].astype(str).str.replace(NUMBER, '…', regex=True)
    hooks = rejected['hook'].astype(str) if 'hook' in rejected else pd.Series('', rejected.index)
    counted = rejected.assign(kind=kinds, hook=hooks).groupby(['hook', 'kind'], sort=False)
    rows = [
        {
            'hook': hook,
            'reason': kind,
            'regions': len(group),
            'area_m2': float(group['area_m2'].sum()) if 'area_m2' in group else None,
        }
        for (hook, kind), group in counted
    ]
    return sorted(rows, key=lambda row: -row['regions'])
