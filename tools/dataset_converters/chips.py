"""Cut training chips from scenes and the landslide inventory of a GIS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from dfpenet_mm.cli.conversion import stage_bars
from dfpenet_mm.cli.options import band_numbers, file_name, nodata_value
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.resources import shipped_file
from dfpenet_mm.run.provenance import provenance

with training_libraries():
    from dfpenet_mm.configs import load_config
    from dfpenet_mm.mapping.scene.scaling import Scaling, build_scaling
    from dfpenet_mm.preparation.chips.dataset import make_chip_dataset
    from dfpenet_mm.preparation.chips.survey import ChipSettings
    from dfpenet_mm.run.settings import MappingSettings

DEFAULTS = ChipSettings()


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/dataset_converters/chips.py --image post.tif '
        '--labels inventory.gpkg --out data/landslides --chip 512 --block-size 2500m',
    )
    add = parser.add_argument
    add('--image', type=file_name, nargs='+', required=True, help='scenes, georeferenced')
    add(
        '--val-image',
        type=file_name,
        nargs='+',
        default=[],
        help='scenes that validate as a whole, while all of the others trains',
    )
    add('--labels', type=file_name, required=True, help='GeoPackage, Shapefile or GeoJSON, any CRS')
    add('--layer', help='layer of the landslides, if there are several')
    add('--out', type=file_name, required=True, help='folder to write')
    add(
        '--bands',
        type=band_numbers,
        nargs='+',
        metavar='R,G,B',
        help='bands of the chips, from 1, whatever the images call them (default: those that an '
        'image calls red, green and blue, else 1,2,3)',
    )
    add(
        '--scaling-of',
        type=file_name,
        metavar='CONFIG',
        help='bring values to those that the network of this config knows, as mapping does',
    )
    add('--chip', type=int, default=DEFAULTS.chip, help='side of a chip, pixels')
    add('--stride', type=int, help='step from chip to chip, pixels (default: the side)')
    add(
        '--val-share',
        type=float,
        help='share of landslides and ground for validation (default: 0.2, with --val-image 0)',
    )
    add(
        '--block-size',
        default=DEFAULTS.block_size,
        help='side of the blocks of ground that train or validate as a whole: chips (4) or '
        'metres (2500m)',
    )
    add(
        '--gap',
        type=int,
        default=DEFAULTS.gap,
        help='fewest empty pixels between training and validation chips (default: 1, no two '
        'touch); training chips that are nearer are left out, which costs the row of chips along '
        'the border, often 5 to 15 per cent of them, as is reported; 0 keeps them, and '
        'landslides on the border are then on both sides',
    )
    add(
        '--background-ratio',
        type=float,
        default=DEFAULTS.background_ratio,
        help='chips without landslides for each chip with landslides (default: 0, pixels as '
        'balanced as they get; about 1 where rivers or fields are taken for landslides, and for '
        'validation scores nearer to those of a whole scene)',
    )
    add(
        '--random',
        type=int,
        metavar='N',
        help='train on N chips at random places in place of the balanced grid (the paper: 100)',
    )
    add(
        '--random-val',
        type=int,
        metavar='N',
        help='validate on N chips at random places, likewise (the paper: 30)',
    )
    add(
        '--max-nodata',
        type=float,
        default=DEFAULTS.max_nodata,
        help='largest share of nodata in a chip',
    )
    add(
        '--nodata',
        type=nodata_value,
        action='append',
        default=[],
        metavar='VALUE',
        help='value of the images that is no data, besides what they declare; repeat for more '
        '(write --nodata=-3.4e38)',
    )
    add('--all-touched', action='store_true', help='label every pixel that a polygon touches')
    add('--seed', type=int, default=DEFAULTS.seed, help='of all that is drawn')
    add('--overwrite', action='store_true', help='replace what an earlier run wrote')
    add('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Cut the chips, and say what there is."""
    args = parse_arguments(arguments)
    with exit_on_user_error(debug=args.debug), quiet_libraries():
        settings = ChipSettings(
            bands=tuple(chain(*args.bands)) if args.bands else DEFAULTS.bands,
            by_colour=not args.bands,
            chip=args.chip,
            stride=args.stride,
            val_share=args.val_share,
            block_size=args.block_size,
            gap=args.gap,
            background_ratio=args.background_ratio,
            random=args.random,
            random_val=args.random_val,
            max_nodata=args.max_nodata,
            all_touched=args.all_touched,
            nodata=tuple(args.nodata),
            seed=args.seed,
        )
        with stage_bars() as stage:
            report = make_chip_dataset(
                args.image,
                args.labels,
                args.out,
                settings,
                val_images=args.val_image,
                layer=args.layer,
                scaling=scaling_of(args.scaling_of),
                overwrite=args.overwrite,
                origin=lambda: origin(args),
                stage=stage,
            )
    print('\n'.join([*report.lines(), f'wrote {args.out}; look at {args.out}/quick_look.png']))


def scaling_of(config: Path | None) -> Scaling | None:
    """Build the scaling with which a config's scenes are mapped; None without a config."""
    if config is None:
        return None
    settings = MappingSettings.from_config(load_config(shipped_file(config)))
    return build_scaling(settings.scaling)


def origin(args: argparse.Namespace) -> dict:
    """Describe the inputs and the command for the summary."""
    images = {f'image {number}': path for number, path in enumerate(args.image, start=1)}
    images |= {f'val image {number}': path for number, path in enumerate(args.val_image, start=1)}
    inputs = {**images, 'labels': args.labels}
    return provenance(
        inputs=inputs,
        settings={'layer': args.layer, 'scaling_of': str(args.scaling_of)},
        command=sys.argv,
    )


if __name__ == '__main__':
    main()
