"""``landslide-map evaluate``: the agreement of an inventory with a reference."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from dfpenet_mm.cli.end_of_run import findings
from dfpenet_mm.cli.options import CommandParser, add_reporting, file_name
from dfpenet_mm.cli.products import named_products
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.run.folder import check_output_folder
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.source_files import require_file
from dfpenet_mm.vocabulary import OVERLAPS

# Options that shape the result, for the summary.
SETTINGS = (
    'tolerance',
    'min_overlap',
    'overlap',
    'pixel_size',
    'layer',
    'reference_layer',
    'area_layer',
    'prediction_value',
    'reference_value',
)
EXAMPLE = """\
example:
  landslide-map evaluate out/landslides.gpkg reference.shp \\
      --area surveyed.gpkg --grid out/mask.tif --tolerance 2 --out out_evaluation

PRED may be a GeoPackage that landslide-map wrote and an analyst has edited. Exit codes: 0 done;
1 a defect of this program; 2 bad input, said in one sentence on stderr.
"""


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map evaluate',
        description='Compare a landslide inventory with a reference, by pixels and by landslides.',
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'predicted', type=file_name, metavar='PRED', help='vector file or mask raster'
    )
    parser.add_argument('reference', type=file_name, metavar='REF', help='likewise, in any CRS')
    parser.add_argument(
        '--area', type=file_name, help='compare only inside of these polygons: vector file, any CRS'
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.0,
        metavar='PIXELS',
        help='also count without wrong pixels so near to a boundary (default: no such count)',
    )
    parser.add_argument(
        '--min-overlap',
        type=float,
        default=0.0,
        metavar='SHARE',
        help='share of a landslide that must be covered to count as TP (default: any)',
    )
    parser.add_argument(
        '--overlap',
        choices=OVERLAPS,
        default=OVERLAPS[0],
        help='what --min-overlap is of: own area covered, or IoU with the best (%(default)s)',
    )
    grid = parser.add_mutually_exclusive_group()
    grid.add_argument(
        '--grid',
        type=file_name,
        metavar='RASTER',
        help='count pixels on the grid of this raster, where it has data (default: PRED or REF)',
    )
    grid.add_argument(
        '--pixel-size',
        type=float,
        metavar='METRES',
        help='if none is a raster: pixels of a grid around all (default: from the landslides)',
    )
    parser.add_argument('--layer', help='layer of PRED (default: the only one, or landslides)')
    parser.add_argument('--reference-layer', help='layer of REF (default: likewise)')
    parser.add_argument('--area-layer', help='layer of the area (default: the only one)')
    parser.add_argument(
        '--landslide-value', type=int, default=1, help='of landslides in rasters (%(default)s)'
    )
    parser.add_argument(
        '--prediction-value', type=int, metavar='VALUE', help='likewise in PRED, if another there'
    )
    parser.add_argument(
        '--reference-value', type=int, metavar='VALUE', help='likewise in REF, if another there'
    )
    parser.add_argument(
        '--out',
        type=file_name,
        help='folder for matches, TP/FP/FN raster, picture and summary.json',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace products in OUT')
    add_reporting(parser, 'write one JSON document to stdout, errors too')
    return parser


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Compare two inventories as a command line asks for, and say how well they agree."""
    args = build_parser().parse(arguments, messages)
    files = {
        'prediction': args.predicted,
        'reference': args.reference,
        'evaluation area': args.area,
        'grid': args.grid,
    }
    for role, path in files.items():
        if path:
            require_file(path, f'the {role} {path}')
    if args.out:
        check_output_folder(args.out, overwrite=args.overwrite, inputs=filter(None, files.values()))
    for name in ('prediction_value', 'reference_value'):
        if getattr(args, name) is None:
            setattr(args, name, args.landslide_value)
    with run_progress(quiet=args.quiet, messages=messages) as progress:
        with progress.running('start'), quiet_libraries(), loading():
            # Its first importer loads GDAL, which --help does without.
            from dfpenet_mm.run import evaluate_inventory  # noqa: PLC0415, F401
        with progress.running('compare'):
            summary = _compare(args, ['landslide-map', 'evaluate', *arguments])
    paths = [args.out / name for name in summary['files']]
    if args.json:
        sys.stdout.write(json.dumps(summary, indent=2, allow_nan=False) + '\n')
    elif not args.quiet:
        sys.stdout.writelines(f'{line}\n' for line in [*findings(summary), *paths])
    sys.stdout.flush()
    for warning in summary['warnings']:
        messages.warning(warning)
    return CommandResult(
        next(findings(summary)), named_products(args.out, paths) if args.out else {}
    )


def _compare(args: argparse.Namespace, command: Sequence[str]) -> dict[str, Any]:
    from dfpenet_mm.run.evaluate_inventory import evaluate_inventory  # noqa: PLC0415
    from postproc.consistency_evaluator import ConsistencyEvaluator  # noqa: PLC0415
    from postproc.evaluation.from_files import InventoryFiles  # noqa: PLC0415

    files = InventoryFiles(
        predicted=args.predicted,
        reference=args.reference,
        area=args.area,
        layer=args.layer,
        reference_layer=args.reference_layer,
        area_layer=args.area_layer,
        landslide_value=args.prediction_value,
        scene=args.grid,
        pixel_size_m=args.pixel_size,
    )
    evaluator = ConsistencyEvaluator(
        layer=args.reference_layer,
        landslide_value=args.reference_value,
        area=args.area,
        area_layer=args.area_layer,
        boundary_tolerance_px=args.tolerance,
        min_overlap=args.min_overlap,
        overlap=args.overlap,
        filename='evaluation' if args.out else None,
    )
    return evaluate_inventory(
        files,
        evaluator,
        out=args.out,
        overwrite=args.overwrite,
        settings={name: getattr(args, name) for name in SETTINGS},
        command=command,
    )
