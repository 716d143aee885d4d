"""Options and course of the commands that prepare data sets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.preparation.isprs.collections import IsprsCollection
from dfpenet_mm.run.progress import Advance, watched_console


def conversion_parser(*, description: str, example: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments that the conversions share."""
    parser = argparse.ArgumentParser(description=description, epilog=f'example: {example}')
    parser.add_argument(
        'sources', nargs='+', type=file_name, metavar='SRC', help='folders or zip files of ISPRS'
    )
    parser.add_argument('--out', type=file_name, required=True, help='folder to write')
    parser.add_argument('--seed', type=int, default=0, help='of the random patches (%(default)s)')
    parser.add_argument(
        '--patch', type=int, default=600, help='side of a patch in pixels (%(default)s)'
    )
    parser.add_argument(
        '--allow-missing', action='store_true', help='do without tiles that are incomplete'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a data set prepared earlier'
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser


def run_conversion(collection: IsprsCollection, args: argparse.Namespace) -> None:
    """Convert as parsed arguments say, and print what was found and written."""
    with exit_on_user_error(debug=args.debug):
        with quiet_libraries(), stage_bars() as stage:
            # The classes come from mmseg's data sets, which take seconds to load.
            from dfpenet_mm.preparation.isprs.converter import convert_isprs  # noqa: PLC0415

            report = convert_isprs(
                collection,
                args.sources,
                args.out,
                seed=args.seed,
                patch=args.patch,
                overwrite=args.overwrite,
                allow_missing=args.allow_missing,
                progress=stage('tiles'),
            )
        sys.stdout.write('\n'.join([*report.lines(), f'wrote {args.out}']) + '\n')


@contextmanager
def stage_bars() -> Iterator[Callable[[str], Advance]]:
    """Show one bar for each stage on stderr while the body runs, if stderr is a terminal.

    Yields:
        A function that begins a stage of a name; call its result with the steps done and total.
    """
    console = watched_console()
    with Progress(console=console or Console(stderr=True), disable=console is None) as bars:

        def stage(description: str) -> Advance:
            task = bars.add_task(description, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield stage
