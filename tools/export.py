"""Export a network: ``python tools/export.py CONFIG CHECKPOINT --backend openvino``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with quiet_libraries():
    import numpy as np
    from mmengine.config import Config

    from dfpenet_mm.configs import load_config_with_options
    from dfpenet_mm.export.onnx_folder import export_onnx
    from dfpenet_mm.export.openvino_folder import QuantisedScores, export_float, export_quantised
    from dfpenet_mm.export.quantise import calibration_chips
    from dfpenet_mm.export.validation import labelled_samples
    from dfpenet_mm.files import check_free_folder
    from dfpenet_mm.mapping.network.card import WITHIN, card_beside
    from dfpenet_mm.mapping.network.load_model import load_model
    from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
    from dfpenet_mm.mapping.network.quantised_network import quantised_beside
    from dfpenet_mm.vocabulary import IGNORED

EXAMPLE = (
    'example: python tools/export.py configs/dfpenet/landslide4sense_mobilenetv2.py '
    'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth --backend openvino --precision int8 '
    '--calibration data/landslide4sense/train/images'
)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Export a network for other runtimes, and measure what int8 costs.',
        epilog=EXAMPLE,
    )
    parser.add_argument('config', type=file_name, help='config (Python: run only those you trust)')
    parser.add_argument('checkpoint', type=file_name, help='weights that fit the config')
    parser.add_argument('--backend', choices=('openvino', 'onnx'), default='openvino')
    parser.add_argument(
        '--precision',
        choices=('f32', 'int8'),
        default='f32',
        help='int8 needs --calibration and --backend openvino; bf16 is chosen at run time',
    )
    parser.add_argument(
        '--calibration',
        type=file_name,
        metavar='SCENE_OR_DIR',
        help='real windows: a scene to cut as for mapping, or a folder of training images',
    )
    parser.add_argument(
        '--samples', type=int, default=64, help='most windows to calibrate on (default 64)'
    )
    parser.add_argument(
        '--validation',
        default='test',
        metavar='DIR',
        help='folder of images and masks; default: the test set of the config; "none" compares '
        'labels on the calibration windows alone',
    )
    parser.add_argument(
        '--validation-samples', type=int, help='most images of the validation set (default all)'
    )
    parser.add_argument(
        '--out', type=file_name, help='folder to make (default: beside the checkpoint)'
    )
    parser.add_argument('--json', action='store_true', help='write the card to stdout')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config, such as mapping.window=256',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def check_arguments(args: argparse.Namespace) -> None:
    """Refuse arguments that do not fit together.

    Raises:
        ConfigError: naming them.
    """
    if args.precision == 'int8' and args.backend != 'openvino':
        raise ConfigError('--precision int8 is for --backend openvino; leave one of them out')
    if args.precision == 'int8' and args.calibration is None:
        raise ConfigError('--precision int8 needs real windows; give --calibration SCENE_OR_DIR')
    for name, value in (('samples', args.samples), ('validation-samples', args.validation_samples)):
        if value is not None and value < 1:
            raise ConfigError(f'--{name} is {value}; give at least 1')


def output_folder(args: argparse.Namespace) -> Path:
    """Return where the files shall be."""
    if args.out:
        return args.out
    if args.precision == 'int8':
        return quantised_beside(args.checkpoint)
    return args.checkpoint.with_name(f'{args.checkpoint.stem}_{args.backend}')


def validation_samples(
    config: Config, args: argparse.Namespace, chips: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the validation set that was asked for; unlabelled chips if none was."""
    if args.validation == 'none':
        nothing = np.full(chips.shape[2:], IGNORED, np.uint8)
        return ((chip, nothing) for chip in chips[: args.validation_samples])
    folder = None if args.validation == 'test' else Path(args.validation)
    return labelled_samples(config, folder=folder, most=args.validation_samples)


def tell(scores: QuantisedScores) -> None:
    """Print the scores of a recipe."""
    print(
        f'recipe {scores.recipe}: {score_line(scores.iou_before, scores.iou_after)}'
        f'{scores.agreement:.3%} of labels as in float32',
        flush=True,
    )


def score_line(before: float | None, after: float | None) -> str:
    """Say what quantising did to the IoU; nothing where nothing is labelled."""
    if before is None or after is None:
        return ''
    return f'landslide IoU {before:.2f} before, {after:.2f} after, '


def export(args: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """Load, calibrate, write and measure."""
    check_arguments(args)
    args.checkpoint = shipped_file(args.checkpoint)
    out = output_folder(args)
    check_free_folder(out)
    stated = card_beside(args.checkpoint)
    with quiet_libraries():
        config = load_config_with_options(shipped_file(args.config), args.cfg_options)
        model = load_model(config, args.checkpoint)
    mapping = config.get('mapping') or {}
    landslide_class = (mapping.get('predictor') or {}).get('landslide_class', 1)
    network = ProbabilityNetwork(model=model, landslide_class=landslide_class)
    facts: dict[str, Any] = {'config': args.config.name, 'checkpoint': args.checkpoint.name}
    if stated:
        facts[WITHIN] = stated.to_dict()
    side = mapping.get('window', 512)
    shape = (len(mapping.get('bands', (1, 2, 3))), side, side)
    if args.precision == 'f32':
        if args.backend == 'onnx':
            return out, export_onnx(network, shape=shape, out=out, **facts)
        return out, export_float(network, shape=shape, out=out, **facts)
    chips = calibration_chips(config, args.calibration, count=args.samples)
    card = export_quantised(
        network,
        chips=chips,
        samples=lambda: validation_samples(config, args, chips),
        threshold=mapping.get('threshold', 0.5),
        out=out,
        tell=(lambda _: None) if args.json else tell,
        calibration=args.calibration.name,
        validation_set=Path(args.validation).name,
        **facts,
    )
    return out, card


def main() -> None:
    """Export, then say where it is."""
    args = parse_arguments()
    with exit_on_user_error(debug=args.debug):
        out, card = export(args)
        if args.json:
            print(json.dumps(card, indent=2))
            return
        if card.get('passes') is False:
            print('the closest recipe misses the bars; predict in bf16 instead')
        print(out)


if __name__ == '__main__':
    main()
