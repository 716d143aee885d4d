"""``landslide-map audit``: a random sample of a map, and how right the map is by it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from dfpenet_mm.cli.options import CommandParser, add_reporting, file_name
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.run.request import require_files

EXAMPLE = """\
example:
  landslide-map audit draw out --points 200
      writes out/audit.gpkg; say in QGIS what is at each point, and save
  landslide-map audit estimate out --post post.tif
      how right the map is, and the landslide area, with 95 % intervals

Exit codes: 0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr.
"""


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map audit',
        description='Tell from a random sample of a map how right it is.',
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'step', choices=('draw', 'estimate'), help='draw the sample, or read the verdicts on it'
    )
    parser.add_argument('out', type=file_name, metavar='OUT', help='folder of the finished run')
    draw = parser.add_argument_group('draw')
    draw.add_argument(
        '--points',
        type=int,
        default=200,
        metavar='N',
        help='points to look at; 200 take an hour or two (%(default)s)',
    )
    draw.add_argument(
        '--seed', type=int, default=0, help='of the draw: another one, other points (%(default)s)'
    )
    draw.add_argument(
        '--overwrite', action='store_true', help='replace an earlier sample and its verdicts'
    )
    estimate = parser.add_argument_group('estimate')
    estimate.add_argument(
        '--post',
        type=file_name,
        metavar='IMAGE',
        help='the image that was mapped, for the report (default: where landslides.qgs has it)',
    )
    estimate.add_argument(
        '--pre', type=file_name, metavar='IMAGE', help='the image before the event, likewise'
    )
    add_reporting(parser, 'write one JSON document to stdout, errors too')
    return parser


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Draw or read an audit as a command line asks for, and say what came of it."""
    args = build_parser().parse(arguments, messages)
    require_run_folder(args.out)
    require_files({'post': args.post, 'pre': args.pre})
    notes: Sequence[str] = ()
    products = {'folder': args.out}
    with run_progress(quiet=args.quiet, messages=messages) as progress:
        with progress.running('start'), quiet_libraries(), loading():
            from dfpenet_mm.run.audit import draw_audit, estimate_audit  # noqa: PLC0415
            from dfpenet_mm.vocabulary import SUMMARY  # noqa: PLC0415
        if args.step == 'draw':
            with progress.running('draw_the_sample'):
                sample = draw_audit(args.out, args.points, seed=args.seed, overwrite=args.overwrite)
            result = {'file': str(sample.path), 'strata': list(sample.strata)}
            lines, notes = [*sample.sentences, str(sample.path)], sample.notes
            outcome = CommandResult('the sample was drawn', {**products, 'audit': sample.path})
        else:
            with progress.running('estimate'):
                found = estimate_audit(args.out, post=args.post, pre=args.pre)
            result, lines, notes = dict(found.findings), list(found.sentences), found.notes
            outcome = CommandResult(lines[0], {**products, 'summary': args.out / SUMMARY})
    if args.json:
        sys.stdout.write(json.dumps(result, indent=2, allow_nan=False) + '\n')
    elif not args.quiet:
        sys.stdout.writelines(f'{line}\n' for line in lines)
    sys.stdout.flush()
    for note in notes:
        messages.note(note)
    return outcome
