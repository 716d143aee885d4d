"""Convert a checkpoint of the authors' DFPENet release to this implementation."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.errors import exit_on_user_error
from dfpenet_mm.models.convert_release import convert_release_file


def main() -> None:
    """Read the command line and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/convert_checkpoint.py release.pth.tar dfpenet_2class.pth',
    )
    parser.add_argument('source', help='released checkpoint with a state_dict')
    parser.add_argument('target', help='file to write')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        classes = convert_release_file(args.source, args.target)
        print(
            f'wrote {args.target}: {classes} classes; use it with '
            f'configs/dfpenet/release_{classes}class.py (dilations 2, 4, 8)'
        )


if __name__ == '__main__':
    main()
