"""Write the weights of a training checkpoint in half precision, ready to ship."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries


def main() -> None:
    """Read the command line and publish."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/publish_checkpoint.py '
        'work_dirs/landslide4sense_mobilenetv2/iter_2000.pth my_network.pth',
    )
    parser.add_argument('source', type=file_name, help='checkpoint of a training run')
    parser.add_argument('target', type=file_name, help='file to write; it must not exist')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        with training_libraries():
            from dfpenet_mm.engine.checkpoint_file import publish_checkpoint  # noqa: PLC0415

            size = publish_checkpoint(args.source, args.target)
        print(f'wrote {args.target}, {size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
