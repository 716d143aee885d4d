"""What a run came to, as tables for people to read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.product_uses import with_uses
from dfpenet_mm.cli.stages import SHORTEST_S, stage_title
from dfpenet_mm.cli.text_table import TextTable
from dfpenet_mm.wording import counted, decimal


def headline(summary: Mapping[str, Any]) -> str:
    """Say how many landslides there are, and how large."""
    totals = summary['totals']
    count = totals['landslides']
    said = f'{counted(count, "landslide")}, {_km2(totals["area_m2"])} km2'
    if not count:
        return said
    return (
        f'{said}; the largest {_area(totals["largest_m2"])}, half of them '
        f'{_area(totals["median_m2"])} or less'
    )


def tables(
    summary: Mapping[str, Any], files: Sequence[Path], *, folder_once: bool
) -> Iterator[TextTable]:
    """Lay out what the hooks did, how well it agrees, what took how long and where it is.

    Args:
        summary: of the run, as in its ``summary.json``.
        files: the products.
        folder_once: name their folder above them instead of before each, as folded paths
            are hard to copy.
    """
    hooks = [_hook(record) for record in summary['hooks']]
    yield TextTable('What every step did', ('step', 'before', 'after', 'removed', 'km2'), hooks)
    for name, result in (summary['evaluation'] or {}).items():
        units = {unit: result[unit] for unit in ('pixels', 'landslides')}
        rows = [(unit, *map(_score, counts.values())) for unit, counts in units.items()]
        columns = ('by', *units['pixels'])
        yield TextTable(f'{name}: agreement with {result["reference"]}', columns, rows)
    times = [
        (stage_title(stage), f'{taken:.1f} s')
        for stage, taken in summary['seconds'].items()
        if taken >= SHORTEST_S
    ]
    total = f'{sum(summary["seconds"].values()):.1f} s'
    yield TextTable('Time', ('stage', 'took'), [*times, ('all', total)])
    yield _products(files, Path(os.path.commonpath(files)) if folder_once else None)


def _products(files: Iterable[Path], folder: Path | None) -> TextTable:
    rows = [
        (str(path.relative_to(folder) if folder else path), use) for path, use in with_uses(files)
    ]
    where = f' in {folder}' if folder else ''
    return TextTable(f'Products{where}', ('file', 'what to do with it'), rows)


def _hook(record: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = record['regions_in'], record['regions_out']
    area = max(record['area_m2_in'] - record['area_m2_out'], 0.0)
    removed = (str(before - after), _km2(area)) if after < before or area else ('', '')
    return record['hook'], str(before), str(after), *removed


def _km2(area_m2: float) -> str:
    return decimal(area_m2 / 1e6, 3)


def _area(area_m2: float) -> str:
    return f'{_km2(area_m2)} km2' if area_m2 >= 1e5 else f'{decimal(area_m2, 0)} m2'


def _score(value: float | None) -> str:
    """Write counts as whole numbers and ratios as percents, n/a where undefined."""
    return 'n/a' if value is None else str(value) if isinstance(value, int) else f'{value:.1%}'
