"""``landslide-map benchmark``: a network judged on a folder of images and masks."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import ASCII2
from rich.console import Console
from rich.table import Table

from dfpenet_mm.cli.options import (
    CommandParser,
    add_reporting,
    band_numbers,
    file_name,
    metres_above_zero,
    nodata_value,
)
from dfpenet_mm.cli.products import named_products
from dfpenet_mm.cli.refusals import loading, reader_may_leave
from dfpenet_mm.installation import quiet_libraries, require_one_family, require_training
from dfpenet_mm.run.folder import check_output_folder
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.source_files import require_folder
from dfpenet_mm.wording import counted

# Options that every image is mapped with.
MAPPING = (
    *('config', 'checkpoint', 'force', 'bands', 'nodata'),
    *('device', 'backend', 'precision', 'quantised'),
)
EXAMPLES = """\
examples:
  landslide-map benchmark chips --pixel-size 0.5 --scales 1 2 4 8 --out judged
      chips/images and chips/masks, PNGs of half a metre; the shipped network
  landslide-map benchmark my_config.py my_weights.pth survey --masks survey_masks --out judged
      a network of your own on GeoTIFFs, which say how large their pixels are
  landslide-map benchmark fields --background --pixel-size 0.3 --force --out false_alarms
      images in which nothing is a landslide

A mask is called as its image but for the ending, has its size, and holds 0 and 1, or 0 and 255.
Exit codes: 0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr; 130
and 143 interrupted, continue with --resume.
"""


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map benchmark',
        usage='%(prog)s [CONFIG CHECKPOINT] DIR [--masks DIR] [--out DIR] ...',
        description='Judge a network on a folder of images and masks, each mapped as a scene.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    network = parser.add_argument_group('network and folder')
    network.add_argument(
        'paths',
        nargs='+',
        type=file_name,
        metavar='[CONFIG CHECKPOINT] DIR',
        help='folder with images/ and masks/, or of the images alone; before it config and weights '
        'of a network, or neither for the shipped one',
    )
    _add_network(network)
    _add_input(parser.add_argument_group('images'))
    _add_output(parser.add_argument_group('scores'))
    return parser


def _add_network(group: argparse._ArgumentGroup) -> None:
    group.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    group.add_argument(
        '--backend', choices=('torch', 'openvino', 'auto'), help='what runs the network, as for map'
    )
    group.add_argument(
        '--precision',
        choices=('fp32', 'f32', 'bf16', 'fp16', 'int8'),
        help='of the backend, as for map',
    )
    group.add_argument(
        '--quantised', type=file_name, metavar='DIR', help='int8 network, as for map'
    )
    group.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config, such as mapping.threshold=0.6',
    )


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--masks', type=file_name, metavar='DIR', help='folder of the masks (default: DIR/masks)'
    )
    group.add_argument(
        '--background',
        action='store_true',
        help='there are no masks: nothing is a landslide, and all that is marked is false',
    )
    group.add_argument(
        '--scales',
        nargs='+',
        type=int,
        default=[1],
        metavar='N',
        help='factors by which images are averaged down before they are mapped; all are judged on '
        'the original grid (default: 1)',
    )
    group.add_argument(
        '--pixel-size',
        type=metres_above_zero,
        metavar='METRES',
        help='side of a pixel of images that do not say it themselves',
    )
    group.add_argument(
        '--bands',
        type=band_numbers,
        metavar='R,G,B',
        help='bands of the images that the network is given, as for map',
    )
    group.add_argument(
        '--nodata',
        type=nodata_value,
        action='append',
        metavar='VALUE',
        help='value of the images that is no data; repeat for more',
    )
    group.add_argument(
        '--force',
        action='store_true',
        help='map images even if their pixels are far smaller or larger than the network knows',
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--out',
        type=file_name,
        metavar='DIR',
        help='folder of the tables, the page and the pictures (default: benchmark_NAME here, for a '
        'folder NAME)',
    )
    group.add_argument(
        '--resamples',
        type=int,
        default=2000,
        metavar='N',
        help='sets of images drawn for the intervals, 0 for none (%(default)s)',
    )
    group.add_argument('--seed', type=int, default=0, help='of these draws (%(default)s)')
    group.add_argument(
        '--pictures',
        type=int,
        default=8,
        metavar='N',
        help='images shown, half the worst and half the best of the first scale (%(default)s)',
    )
    group.add_argument(
        '--resume', action='store_true', help='continue a benchmark that was interrupted'
    )
    group.add_argument(
        '--overwrite', action='store_true', help='replace what an earlier benchmark wrote'
    )
    add_reporting(group, 'write one JSON document to stdout, nothing else')


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Judge a network as a command line asks for, and say how well it maps."""
    parser = build_parser()
    args = parser.parse(arguments, messages)
    *network, folder = args.paths
    if len(network) > 2:
        parser.error('give DIR alone, or CONFIG, CHECKPOINT and DIR')
    args.config, args.checkpoint = (*network, None, None)[:2]
    require_training('landslide-map benchmark')
    out = args.out or Path(f'benchmark_{folder.resolve().name}')
    for named in filter(None, (folder, args.masks)):
        require_folder(named, 'give one of rasters')
    check_output_folder(out, overwrite=args.overwrite, resume=args.resume)
    shown = run_progress(quiet=args.quiet, messages=messages)
    with shown as progress, contextlib.redirect_stdout(sys.stderr):
        with progress.running('start'), quiet_libraries(), loading():
            require_one_family()
            from dfpenet_mm.run.benchmark import BenchmarkRequest, benchmark  # noqa: PLC0415
            from dfpenet_mm.run.benchmark_files import table_rows  # noqa: PLC0415
        request = BenchmarkRequest(
            folder=folder,
            masks=args.masks,
            background=args.background,
            pixel_size=args.pixel_size,
            scales=args.scales,
            out=out,
            mapping={name: getattr(args, name) for name in MAPPING} | {'options': args.cfg_options},
            overwrite=args.overwrite,
            resume=args.resume,
            resamples=args.resamples,
            seed=args.seed,
            pictures=args.pictures,
            command=['landslide-map', 'benchmark', *arguments],
        )
        summary = benchmark(request, progress)
    with reader_may_leave():
        if args.json:
            sys.stdout.write(json.dumps(summary, indent=2, allow_nan=False) + '\n')
        elif not args.quiet:
            _show(table_rows(summary))
            sys.stdout.writelines(f'{out / name}\n' for name in ('benchmark.html', 'scores.csv'))
    for found in summary['scales']:
        for name, reason in list(found['refused'].items())[:1]:
            messages.warning(
                f'{len(found["refused"])} of {summary["images"]} images were not mapped at scale '
                f'{found["scale"]} and are in no score; the first is {name}: {reason}'
            )
    judged = f'{counted(summary["images"], "image")} judged'
    return CommandResult(judged, named_products(out, [out / name for name in summary['files']]))


def _show(rows: Sequence[Sequence[str]]) -> None:
    """Write scores as a table that stands on its side: a column a scale."""
    titles, *columns = rows
    table = Table(titles[0], *(column[0] for column in columns), box=ASCII2)
    for index, title in enumerate(titles[1:], 1):
        table.add_row(title, *(column[index] for column in columns))
    Console(file=sys.stdout, width=40 + 30 * len(columns)).print(table)
