"""``landslide-map report``: the report of a finished run anew, as after an analyst's edits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dfpenet_mm.cli.options import CommandParser, add_progress, file_name
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.run.request import require_files

EXAMPLE = """\
example, after landslides.gpkg was edited in QGIS:
  landslide-map report out --post post.tif --pre pre.tif

The numbers, the map and the table are those of the GeoPackage as it is now; what the filters
removed, the evaluation and the figures stay those of the run, and the page says so. Exit codes:
0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr.
"""


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map report',
        description='Write report.html of a finished run anew.',
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=file_name, metavar='OUT', help='folder of the finished run')
    parser.add_argument(
        '--post', type=file_name, required=True, metavar='IMAGE', help='the image that was mapped'
    )
    parser.add_argument('--pre', type=file_name, metavar='IMAGE', help='the image before the event')
    parser.add_argument(
        '--target', type=file_name, metavar='FILE', help='page to write (default: OUT/report.html)'
    )
    add_progress(parser)
    return parser


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Write a report anew as a command line asks for, and say where it is."""
    args = build_parser().parse(arguments, messages)
    require_run_folder(args.out)
    require_files({'post': args.post, 'pre': args.pre})
    with run_progress(messages=messages) as progress:
        with progress.running('start'), quiet_libraries(), loading():
            from dfpenet_mm.run.publish import rewrite_report  # noqa: PLC0415
        with progress.running('report'):
            target = rewrite_report(args.out, post=args.post, pre=args.pre, target=args.target)
    sys.stdout.write(f'{target}\n')
    return CommandResult('the report was written', {'folder': args.out, 'report': target})
