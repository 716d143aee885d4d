"""Make training data of ground without landslides, from pictures or from a scene."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dfpenet_mm.cli.options import band_numbers, file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file
from dfpenet_mm.run.provenance import provenance

with training_libraries():
    from dfpenet_mm.configs import load_config
    from dfpenet_mm.mapping.scene.scaling import build_scaling
    from dfpenet_mm.preparation.chips.ground import GroundCut, copy_pictures, cut_scene
    from dfpenet_mm.run.settings import MappingSettings

DEFAULTS = GroundCut()


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/dataset_converters/ground.py --scene before.tif '
        '--out data/ground/snow --scaling-of configs/dfpenet/all_sizes_mobilenetv2.py',
    )
    add = parser.add_argument
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--pictures',
        type=file_name,
        metavar='FOLDER',
        help='folder of 8-bit pictures; those whose number is divisible by 3 are held out',
    )
    what.add_argument('--scene', type=file_name, help='a scene to cut, georeferenced')
    add('--out', type=file_name, required=True, help='folder to write')
    add('--bands', type=band_numbers, default=(1, 2, 3), metavar='R,G,B', help='bands of the scene')
    add(
        '--scaling-of',
        type=file_name,
        metavar='CONFIG',
        help='bring values of the scene to those that the network of this config knows',
    )
    add('--chip', type=int, default=DEFAULTS.chip, help='side of a chip, pixels (%(default)s)')
    add('--stride', type=int, default=DEFAULTS.stride, help='step between chips (%(default)s)')
    add(
        '--train-columns',
        type=int,
        metavar='N',
        help='columns from the left edge of the scene that train; the rest is held out (default: '
        'all train)',
    )
    add(
        '--max-nodata',
        type=float,
        default=DEFAULTS.max_nodata,
        help='largest share of nodata in a chip (%(default)s)',
    )
    add('--overwrite', action='store_true', help='replace what an earlier run wrote')
    add('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the data set, and say what there is."""
    args = parse_arguments(arguments)
    with exit_on_user_error(debug=args.debug), quiet_libraries():
        counts = copied(args) if args.pictures else cut(args)
    print('\n'.join(f'{side}: {count} samples' for side, count in counts.items()))
    print(f'wrote {args.out}')


def copied(args: argparse.Namespace) -> dict[str, int]:
    """Copy pictures."""
    return copy_pictures(
        args.pictures,
        args.out,
        overwrite=args.overwrite,
        origin=lambda: {'pictures': str(args.pictures), 'command': sys.argv},
    )


def cut(args: argparse.Namespace) -> dict[str, int]:
    """Cut a scene."""
    scaling = None
    if args.scaling_of:
        settings = MappingSettings.from_config(load_config(shipped_file(args.scaling_of)))
        scaling = build_scaling(settings.scaling)
    return cut_scene(
        args.scene,
        args.out,
        GroundCut(args.chip, args.stride, args.train_columns, args.max_nodata),
        bands=tuple(args.bands),
        scaling=scaling,
        overwrite=args.overwrite,
        origin=lambda: provenance(
            inputs={'scene': args.scene},
            settings={'scaling_of': str(args.scaling_of)},
            command=sys.argv,
        ),
    )


if __name__ == '__main__':
    main()
