"""Say at the end of a run what it came to: to people, to programs, or hardly anything."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from dfpenet_mm.cli.closed_output import reader_may_leave
from dfpenet_mm.cli.run_findings import headline, tables
from dfpenet_mm.wording import counted

if TYPE_CHECKING:
    from dfpenet_mm.cli.run import LandslideRun


def report(run: LandslideRun, *, as_json: bool = False, quiet: bool = False) -> None:
    """Write findings and products to stdout, then warnings to stderr.

    Args:
        run: what the run came to.
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
    _write_warnings(run.summary['warnings'])


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


def _write_warnings(warnings: Sequence[str]) -> None:
    console = Console(file=sys.stderr)
    for warning in warnings:
        if console.is_terminal:
            console.print(Text.assemble(('warning: ', 'bold yellow'), warning))
        else:
            sys.stderr.write(f'warning: {warning}\n')
