"""``landslide-map teach``: a reviewed map to a network that maps its ground better."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dfpenet_mm.cli.options import (
    CommandParser,
    add_reporting,
    band_numbers,
    file_name,
    metres_above_zero,
    named_layers,
    nodata_value,
)
from dfpenet_mm.cli.products import named_products
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.installation import quiet_libraries, require_one_family, require_training
from dfpenet_mm.resources import shipped_file
from dfpenet_mm.run.finished_run import require_run_folder
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.run.request import require_files

if TYPE_CHECKING:
    from dfpenet_mm.teaching.request import TeachRequest

DESCRIPTION = """\
Teach a network what you have reviewed of a map, and map the scene again with the better of the
two.

Draw polygons into the layer reviewed_area of landslides.gpkg where you have looked at everything:
inside, what stands is landslide and all else is not. A third of that ground never teaches: on it
the network before and the one after are compared, and the taught one is used only if it is better.
"""
EXAMPLE = """\
examples:
  landslide-map teach --run out --out taught
      from the review of the run in out/; its new map goes into taught/
  landslide-map teach --post after.tif --inventory mine.gpkg --reviewed-area looked_at.gpkg \\
      --out taught
      without a run, from outlines of your own
  landslide-map taught/network/taught.py taught/network/taught.pth --post next.tif
      the next image with what was taught

A lesson that was stopped goes on when the same command is given again. Exit codes: 0 done, also
where the network before stays; 1 a defect of this program; 2 bad input or too little reviewed
ground, said in one sentence on stderr; 130 and 143 interrupted, finished steps are kept in OUT.
"""


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Teach as a command line asks for, and say which network mapped the scene."""
    args = build_parser().parse(arguments, messages)
    require_training('landslide-map teach')
    if args.run:
        require_run_folder(args.run)
    named = ('post', 'pre', 'inventory', 'reviewed_area', 'aoi')
    given = {name.replace('_', ' '): getattr(args, name) for name in named}
    of_network = {'config': args.config, 'checkpoint': args.checkpoint}
    given |= {name: path and shipped_file(path) for name, path in of_network.items()}
    require_files({**given, **named_layers(args.dem, args.layer)})
    shown = run_progress(quiet=args.quiet, messages=messages)
    with shown as progress, contextlib.redirect_stdout(sys.stderr):
        with progress.running('start'), quiet_libraries(), loading():
            require_one_family()
            from dfpenet_mm.teaching.teach import TEACHING, teach  # noqa: PLC0415
        result = teach(_request(args, ['landslide-map', 'teach', *arguments]), progress)
    network = [result.network / f'taught{end}' for end in ('.py', '.pth')] if result.network else []
    files = [*result.run.files, result.folder / TEACHING, *network]
    outcome = CommandResult(result.sentence, named_products(result.folder, files))
    if args.json:
        document = {**result.findings, 'map': dict(result.run.summary)}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + '\n')
        return outcome
    sys.stdout.write(f'{result.sentence}\n')
    if network:
        names = ' '.join(map(str, network))
        sys.stdout.write(f'for the next image: landslide-map {names} --post IMAGE\n')
    sys.stdout.write(f'{result.folder / TEACHING}\n{result.folder}\n')
    return outcome


def _request(args: argparse.Namespace, command: Sequence[str]) -> TeachRequest:
    # It loads GDAL, which --help does without.
    from dfpenet_mm.teaching.request import STEPS, TeachRequest  # noqa: PLC0415

    return TeachRequest(
        out=args.out,
        run=args.run,
        post=args.post,
        pre=args.pre,
        inventory=args.inventory,
        reviewed_area=args.reviewed_area,
        aoi=args.aoi,
        layers=named_layers(args.dem, args.layer),
        config=args.config,
        checkpoint=args.checkpoint,
        bands=args.bands,
        nodata=args.nodata,
        pixel_size=args.pixel_size,
        steps=STEPS if args.steps is None else args.steps,
        seed=args.seed,
        device=args.device,
        pictures=not args.no_report,
        overwrite=args.overwrite,
        command=command,
    )


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map teach',
        usage='%(prog)s [CONFIG CHECKPOINT] --run DIR --out DIR2 ...\n'
        '       %(prog)s [CONFIG CHECKPOINT] --post IMAGE --inventory FILE --out DIR2 ...',
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_review(parser.add_argument_group('what to learn from'))
    _add_network(parser.add_argument_group('network'))
    _add_map(parser.add_argument_group('new map'))
    return parser


def _add_review(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--run', type=file_name, metavar='DIR', help='folder of a finished run with its review'
    )
    group.add_argument(
        '--post',
        type=file_name,
        metavar='IMAGE',
        help='image after the event. Default: that of the run, where its QGIS project has it',
    )
    group.add_argument(
        '--inventory',
        type=file_name,
        metavar='FILE',
        help='reviewed landslides, in any CRS. Default: those of the run',
    )
    group.add_argument(
        '--reviewed-area',
        type=file_name,
        metavar='POLYGONS',
        help='where everything was looked at. Default: the layer reviewed_area of the inventory',
    )
    group.add_argument(
        '--bands',
        type=band_numbers,
        metavar='R,G,B',
        help='bands of the images, from 1. Default: as the run, or as a map would read them',
    )
    group.add_argument(
        '--nodata',
        type=nodata_value,
        action='append',
        metavar='VALUE',
        help='further value of the images that is no data; repeat for more',
    )


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        'config',
        nargs='?',
        type=file_name,
        metavar='CONFIG',
        help='config of the network to begin with (Python: run only those you trust). Default: '
        'that of the run, or the shipped one',
    )
    group.add_argument(
        'checkpoint',
        nargs='?',
        type=file_name,
        metavar='CHECKPOINT',
        help='weights that fit the config',
    )
    group.add_argument(
        '--pixel-size',
        type=metres_above_zero,
        metavar='METRES',
        help="pixels to teach and map in. Default: the image's own where the network knows them, "
        'or else the best of a few on the ground that judges',
    )
    group.add_argument('--steps', type=int, help='steps of training. Default: 40')
    group.add_argument('--seed', type=int, default=0, help='of all draws. Default: 0')
    group.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')


def _add_map(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--out',
        type=file_name,
        required=True,
        metavar='DIR2',
        help='folder of the new map, of the network (in network/) and of teaching.json',
    )
    group.add_argument(
        '--pre', type=file_name, metavar='IMAGE', help="image before the event. Default: the run's"
    )
    group.add_argument(
        '--aoi', type=file_name, metavar='POLYGONS', help="map only this area. Default: the run's"
    )
    group.add_argument('--dem', type=file_name, metavar='RASTER', help='elevation model')
    group.add_argument(
        '--layer', action='append', default=[], metavar='NAME=PATH', help='further raster'
    )
    group.add_argument(
        '--overwrite',
        action='store_true',
        help='replace products of an earlier lesson, or begin anew what one left unfinished',
    )
    group.add_argument(
        '--no-report', action='store_true', help='leave out report, QGIS project and figures'
    )
    add_reporting(group, 'write one JSON document to stdout, nothing else')
