"""``landslide-map finish``: after a review, everything that is handed over measured and renewed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dfpenet_mm.cli.options import CommandParser, add_progress, file_name
from dfpenet_mm.cli.products import named_products
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.run.request import require_files

EXAMPLE = """\
example, after landslides.gpkg was reviewed in QGIS and the project closed there:
  landslide-map finish out --formats geojson,shp,kmz

Landslides keep their numbers; new ones get further numbers. What was rejected or deleted goes to
the layer "rejected". The run's own inventory stays in original.gpkg. Finishing again without
further edits changes nothing. Exit codes: 0 done; 1 a defect of this program; 2 bad input, said in
one sentence on stderr, and the folder is as it was.
"""


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map finish',
        description='Measure a reviewed inventory again, and renew report, figures and statistics.',
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=file_name, metavar='OUT', help='folder of the reviewed run')
    parser.add_argument(
        '--formats',
        type=lambda text: [part.strip() for part in text.split(',') if part.strip()],
        default=[],
        metavar='LIST',
        help='further formats, such as geojson,shp,kmz,csv,fgb,parquet',
    )
    parser.add_argument('--reviewer', metavar='NAME', help='who reviewed what nobody has signed')
    parser.add_argument(
        '--post',
        type=file_name,
        metavar='IMAGE',
        help='the image that was mapped (default: where landslides.qgs has it)',
    )
    parser.add_argument(
        '--pre', type=file_name, metavar='IMAGE', help='the image before the event, likewise'
    )
    parser.add_argument(
        '--dem',
        type=file_name,
        metavar='RASTER',
        help='elevation model, to measure the terrain of changed outlines',
    )
    add_progress(parser)
    return parser


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Finish a run as a command line asks for, and say what became of it."""
    args = build_parser().parse(arguments, messages)
    require_run_folder(args.out)
    require_files({'post': args.post, 'pre': args.pre, 'dem': args.dem})
    with run_progress(messages=messages) as progress:
        with progress.running('start'), quiet_libraries(), loading():
            from dfpenet_mm.report.run_products import inventory_name  # noqa: PLC0415
            from dfpenet_mm.run.finish import finish_run  # noqa: PLC0415
        done = finish_run(
            args.out,
            post=args.post,
            pre=args.pre,
            dem=args.dem,
            formats=args.formats,
            reviewer=args.reviewer,
            progress=progress,
        )
    for note in done.notes:
        messages.note(note)
    if not done.changed:
        messages.note('nothing was edited since it was finished; all files stay')
    sys.stdout.write(f'{done.folder}\n')
    what = 'all is measured again and renewed' if done.changed else 'nothing was to be done'
    inventory = inventory_name(done.summary)
    return CommandResult(what, named_products(done.folder, done.files, inventory=inventory))
