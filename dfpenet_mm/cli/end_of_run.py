"""Results of a run or a comparison, told to people, to programs, or hardly at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dfpenet_mm.cli.products import with_uses
from dfpenet_mm.cli.refusals import reader_may_leave
from dfpenet_mm.run.messages import Messages
from dfpenet_mm.run.progress import SHORTEST_S, stage_title
from dfpenet_mm.wording import counted, decimal, metres

if TYPE_CHECKING:
    from dfpenet_mm.run.publish import LandslideRun

GAP = '  '


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Args:
        title: above it.
        columns: their names; the first one's cells begin at the left, those that are numbers
            end at the right.
        rows: cells, as many as columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def lines(self) -> Iterator[str]:
        """Write it as plain lines of any length, for files and other programs."""
        yield f'{self.title}:'
        widths = [max(map(len, cells)) for cells in zip(self.columns, *self.rows, strict=True)]
        for row in (self.columns, *self.rows):
            cells = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, self._right(), strict=True)
            ]
            yield f'{GAP}{GAP.join(cells)}'.rstrip()

    def draw(self, console: Console) -> None:
        """Draw it on a terminal; cells are folded where that is too narrow, the title is whole."""
        console.print(self.title, style='bold', highlight=False, markup=False, soft_wrap=True)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        for name, right in zip(self.columns, self._right(), strict=True):
            table.add_column(name, justify='right' if right else 'left', overflow='fold')
        for row in self.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        console.print()

    def _right(self) -> list[bool]:
        columns = zip(*self.rows, strict=True) if self.rows else ([''] for _ in self.columns)
        return [index > 0 and all(map(_is_number, cells)) for index, cells in enumerate(columns)]


def _is_number(cell: str) -> bool:
    return cell in ('', 'n/a') or cell[0].isdigit()


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


def report(
    run: LandslideRun, messages: Messages, *, as_json: bool = False, quiet: bool = False
) -> None:
    """Write findings and products to stdout, then give the warnings.

    Args:
        run: what the run came to.
        messages: get the warnings.
        as_json: write one JSON document instead: the summary with ``files``, the paths of the
            products, and ``exit_code``.
        quiet: write only the warnings, and the document if one is asked for.
    """
    with reader_may_leave():
        if as_json:
            document = {'exit_code': 0, **run.summary, 'files': [str(path) for path in run.files]}
            sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + '\n')
        elif not quiet:
            _write_findings(run)
    for warning in run.summary['warnings']:
        messages.warning(warning)


def _write_findings(run: LandslideRun) -> None:
    said = [headline(run.summary)]
    warned = len(run.summary['warnings'])
    if warned:
        said.append(f'{counted(warned, "warning")}: see below')
    console = Console(file=sys.stdout)
    found = tables(run.summary, run.files, folder_once=console.is_terminal)
    if not console.is_terminal:
        said += [line for table in found for line in ('', *table.lines())]
        sys.stdout.writelines(f'{line}\n' for line in said)
        return
    for line in said:
        console.print(line, style='bold', highlight=False)
    console.print()
    for table in found:
        table.draw(console)


def findings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say what was compared on which grid, and how well it agrees.

    Args:
        summary: of ``evaluate_inventory``, as in its ``summary.json``.

    Yields:
        Lines of text.
    """
    result, grid = summary['evaluation'], summary['grid']
    origin = f'of {grid["from"]}' if grid['from'] else 'derived'
    within = f' in {result["area"]}' if result['area'] else ''
    yield (
        f'{counted(summary["predicted_landslides"], "landslide")} of {summary["predicted"]} '
        f'against {result["reference_landslides"]} of {result["reference"]}{within}'
    )
    yield (
        f'  grid {origin}: {grid["rows"]} x {grid["cols"]} pixels of {metres(grid["gsd_m"])} m, '
        f'{grid["crs"]}'
    )
    yield f'  pixels: {_scores(result["pixels"])}'
    tolerant = result['pixels_without_boundary']
    if tolerant:
        left_out = tolerant['fp_left_out'] + tolerant['fn_left_out']
        yield (
            f'  pixels but {counted(left_out, "wrong one")} within {tolerant["tolerance_px"]:g} of '
            f'a boundary: {_scores(tolerant)}'
        )
    yield f'  landslides: {_scores(result["landslides"])}'
    yield (
        f'  {counted(result["split_reference_landslides"], "reference landslide")} in several '
        f'predicted ones, {counted(result["merged_predicted_landslides"], "predicted one")} over '
        f'several of the reference'
    )
    for size in result['recall_by_size']:
        if size['landslides']:
            upper = 'more' if size['to_m2'] is None else f'{size["to_m2"]:g} m2'
            yield (
                f'  {size["from_m2"]:g} m2 to {upper}: {size["found"]} of {size["landslides"]} '
                f'found'
            )


def _scores(counts: Mapping[str, int | float | None]) -> str:
    """Write counts as whole numbers and ratios as percents, n/a where undefined."""
    ratios = [
        f'{name} {"n/a" if counts[name] is None else f"{counts[name]:.2%}"}'
        for name in ('precision', 'recall', 'f1', 'iou')
    ]
    return ', '.join([*(f'{name} {counts[name]}' for name in ('tp', 'fp', 'fn')), *ratios])
