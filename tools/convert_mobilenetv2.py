"""Rename ImageNet weights of torchvision's MobileNetV2 for mmseg's MobileNetV2 backbone."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries


def main() -> None:
    """Read the command line and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/convert_mobilenetv2.py mobilenet_v2-b0353104.pth '
        'checkpoints/imagenet/mobilenet_v2.pth',
    )
    parser.add_argument(
        'source', type=file_name, help="state dict of torchvision's mobilenet_v2 or its features"
    )
    parser.add_argument('target', type=file_name, help='file to write; it must not exist')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        with training_libraries():
            from dfpenet_mm.models.conversion import (  # noqa: PLC0415
                convert_mobilenetv2_file,
            )

            convert_mobilenetv2_file(args.source, args.target)
        print(f'wrote {args.target}')


if __name__ == '__main__':
    main()
