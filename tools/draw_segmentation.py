"""Show what networks see: ``python tools/draw_segmentation.py CONFIG CHECKPOINT --out PNG``."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file

with training_libraries():
    from dfpenet_mm.cli.draw_segmentation import draw_segmentation
    from dfpenet_mm.cli.runner_command import require_parts
    from dfpenet_mm.configs import load_config_with_options


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Draw samples of a test set: image, ground truth and the prediction of '
        'every checkpoint, with its score (the IoU of two classes, otherwise OA).',
        epilog='example: python tools/draw_segmentation.py '
        'configs/dfpenet/landslide4sense_mobilenetv2.py '
        'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth --out samples.png --samples 6',
    )
    parser.add_argument('config', type=file_name, help='config (Python: run only those you trust)')
    parser.add_argument(
        'checkpoints', type=file_name, nargs='+', help='weights that fit the config'
    )
    parser.add_argument('--out', type=file_name, required=True, help='PNG to write')
    samples = parser.add_mutually_exclusive_group()
    samples.add_argument(
        '--samples',
        type=int,
        default=4,
        metavar='N',
        help='number of samples, spread over the set (default 4)',
    )
    samples.add_argument(
        '--indices', type=int, nargs='+', metavar='I', help='numbers of the samples, from 0'
    )
    parser.add_argument(
        '--bands',
        type=int,
        nargs=3,
        default=(1, 2, 3),
        metavar=('R', 'G', 'B'),
        help='bands shown as red, green and blue, of those that the config loads, from 1',
    )
    parser.add_argument('--device', default='auto', help='such as cpu or cuda:0 (default auto)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Predict and draw."""
    args = parse()
    with exit_on_user_error(debug=args.debug):
        with quiet_libraries():
            config = load_config_with_options(shipped_file(args.config), args.cfg_options)
            require_parts(config, 'model', 'test_dataloader')
            draw_segmentation(
                config,
                [shipped_file(path) for path in args.checkpoints],
                args.out,
                count=args.samples,
                indices=args.indices,
                bands=[band - 1 for band in args.bands],
                device=args.device,
            )
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
