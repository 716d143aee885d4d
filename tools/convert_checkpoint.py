"""Convert a checkpoint of the authors' DFPENet release to this implementation."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries

# Classes of the networks that the authors released, each with a config of its own.
RELEASED = (2, 6)


def how_to_use(classes: int) -> str:
    """Say with which config a converted network of so many classes runs."""
    if classes in RELEASED:
        return f'configs/dfpenet/release_{classes}class.py (dilations 2, 4, 8)'
    return (
        f'configs/dfpenet/release_2class.py (dilations 2, 4, 8) and '
        f'--cfg-options model.decode_head.num_classes={classes}'
    )


def main() -> None:
    """Read the command line and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/convert_checkpoint.py release.pth.tar dfpenet_2class.pth',
    )
    parser.add_argument('source', type=file_name, help='released checkpoint with a state_dict')
    parser.add_argument('target', type=file_name, help='file to write; it must not exist')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        with training_libraries():
            from dfpenet_mm.datasets import IsprsDataset, LandslideDataset  # noqa: PLC0415
            from dfpenet_mm.models.conversion import convert_release_file  # noqa: PLC0415

            names = dict(
                zip(RELEASED, (LandslideDataset.METAINFO, IsprsDataset.METAINFO), strict=True)
            )
            classes = convert_release_file(args.source, args.target, names)
        print(f'wrote {args.target}: {classes} classes; use it with {how_to_use(classes)}')


if __name__ == '__main__':
    main()
