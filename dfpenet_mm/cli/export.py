"""``landslide-map export``: a trained network to a folder that maps without PyTorch."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dfpenet_mm.cli.options import CommandParser, add_progress, file_name
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.files import check_free_folder
from dfpenet_mm.installation import quiet_libraries, require_one_family, require_training
from dfpenet_mm.resources import shipped_file
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.run.progress import run_progress
from dfpenet_mm.run.request import require_files

if TYPE_CHECKING:
    from dfpenet_mm.export.openvino_folder import QuantisedScores

DESCRIPTION = """\
Export a network: a folder with its layers and weights, the settings with which it maps, its card
and its calibration. landslide-map takes that folder in place of CONFIG and CHECKPOINT, and
needs no PyTorch for it.

Exporting itself needs PyTorch: pip install 'dfpenet_mm[train]', or 'dfpenet_mm[train,export]' for
int8.
"""
EXAMPLE = """\
examples:
  landslide-map export my_config.py my_weights.pth --out my_network
      then, on any machine: landslide-map my_network --post after.tif
  landslide-map export my_config.py my_weights.pth --precision int8 --calibration after.tif \\
      --validation none
      the same for CPUs, smaller and faster; beside the checkpoint, where --backend auto finds it

exit codes: 0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr.
"""


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Export as a command line asks for, and say where the folder is."""
    args = build_parser().parse(arguments, messages)
    require_training('landslide-map export')
    files = {'config': shipped_file(args.config), 'checkpoint': shipped_file(args.checkpoint)}
    require_files({**files, 'calibration': args.calibration})
    if args.out:
        check_free_folder(args.out)
    with run_progress(messages=messages) as progress:
        with progress.running('start'), quiet_libraries(), loading():
            require_one_family()
            from dfpenet_mm.export.request import NetworkExport, export_network  # noqa: PLC0415
        request = NetworkExport(
            config=args.config,
            checkpoint=args.checkpoint,
            backend=args.backend,
            precision=args.precision,
            calibration=args.calibration,
            samples=args.samples,
            validation=args.validation,
            validation_samples=args.validation_samples,
            out=args.out,
            options=args.cfg_options,
        )
        with progress.running('export'):
            card = export_network(request, (lambda _: None) if args.json else _tell)
    if args.json:
        sys.stdout.write(json.dumps(card, indent=2) + '\n')
    else:
        sys.stdout.write(f'{request.folder}\n')
    if card.get('passes') is False:
        messages.warning('the closest recipe misses the bars; predict in bf16 instead')
    made = {name: request.folder / name for name in card['files']}
    return CommandResult('the network was exported', {'folder': request.folder, **made})


def _tell(scores: QuantisedScores) -> None:
    sys.stdout.write(
        f'recipe {scores.recipe}: {score_line(scores.iou_before, scores.iou_after)}'
        f'{scores.agreement:.3%} of labels as in float32\n'
    )
    sys.stdout.flush()


def score_line(before: float | None, after: float | None) -> str:
    """Say what quantising did to the IoU; nothing where nothing is labelled."""
    if before is None or after is None:
        return ''
    return f'landslide IoU {before:.2f} before, {after:.2f} after, '


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map export',
        usage='%(prog)s CONFIG CHECKPOINT [--out DIR] ...',
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'config',
        type=file_name,
        metavar='CONFIG',
        help='config of the network (Python: run only those you trust)',
    )
    parser.add_argument(
        'checkpoint', type=file_name, metavar='CHECKPOINT', help='weights that fit the config'
    )
    parser.add_argument(
        '--out',
        type=file_name,
        metavar='DIR',
        help='folder to make. Default: beside a checkpoint NAME.pth, NAME_openvino or NAME_int8',
    )
    parser.add_argument(
        '--backend',
        choices=('openvino', 'onnx'),
        default='openvino',
        help='runtime. Default: openvino, the one that landslide-map maps with',
    )
    parser.add_argument(
        '--precision',
        choices=('f32', 'int8'),
        default='f32',
        help='int8 needs --calibration; bf16 is chosen when the network runs. Default: f32',
    )
    parser.add_argument(
        '--calibration',
        type=file_name,
        metavar='SCENE_OR_DIR',
        help='real windows: a scene to cut as for mapping, or a folder of training images',
    )
    parser.add_argument(
        '--samples', type=int, default=64, help='most windows to calibrate on. Default: 64'
    )
    parser.add_argument(
        '--validation',
        default='test',
        metavar='DIR',
        help='folder of images and masks. Default: the test set of the config; "none" compares '
        'labels on the windows of the calibration alone',
    )
    parser.add_argument(
        '--validation-samples', type=int, help='most images of the validation set. Default: all'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config, such as mapping.window=256',
    )
    parser.add_argument('--json', action='store_true', help='write the card to stdout')
    add_progress(parser)
    return parser
