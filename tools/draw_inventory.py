"""Draw an inventory over the image it was mapped from."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.command_parser import file_name
from dfpenet_mm.cli.errors import exit_on_user_error
from dfpenet_mm.cli.quiet import quiet_libraries

with quiet_libraries():
    from dfpenet_mm.report.figures.inventory_file import draw_inventory_file


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/draw_inventory.py demo/hokkaido_post.tif '
        'demo/out/landslides.gpkg hokkaido.png',
    )
    parser.add_argument('image', type=file_name, help='the raster that was mapped')
    parser.add_argument('inventory', type=file_name, help='GeoPackage that landslide-map wrote')
    parser.add_argument('target', type=file_name, help='PNG to write')
    parser.add_argument('--title', help='what to write above the picture')
    parser.add_argument(
        '--max-side', type=int, default=1800, help='most pixels of a side that are read'
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        draw_inventory_file(
            args.image, args.inventory, args.target, max_side=args.max_side, title=args.title
        )
        print(f'wrote {args.target}')


if __name__ == '__main__':
    main()
