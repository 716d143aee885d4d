"""Draw an inventory over the image it was mapped from."""

from __future__ import annotations

import argparse

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.installation import quiet_libraries

with quiet_libraries():
    from dfpenet_mm.report.figures.all_figures import draw_inventory_file


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/draw_inventory.py demo/hokkaido_post.tif '
        'demo/out/landslides.gpkg hokkaido.png --pre demo/hokkaido_pre.tif '
        "--event 'Hokkaido earthquake, 6 September 2018' --post-date 2018-09-12",
    )
    parser.add_argument('image', type=file_name, help='the raster that was mapped')
    parser.add_argument('inventory', type=file_name, help='GeoPackage that landslide-map wrote')
    parser.add_argument('target', type=file_name, help='PNG to write')
    parser.add_argument(
        '--pre',
        type=file_name,
        metavar='IMAGE',
        help='image before the event: marks where it lacks data',
    )
    parser.add_argument('--title', help="what the heading begins with (default: the image's name)")
    parser.add_argument('--event', help='what happened where and when, below the heading')
    parser.add_argument('--post-date', metavar='DATE', help='when the image after was taken')
    parser.add_argument('--pre-date', metavar='DATE', help='when the image before was taken')
    parser.add_argument(
        '--max-side', type=int, default=1800, help='most pixels of a side that are read'
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        dates = {'after': args.post_date, 'before': args.pre_date}
        notes = [f'image {when} the event: {date}' for when, date in dates.items() if date]
        draw_inventory_file(
            args.image,
            args.inventory,
            args.target,
            pre=args.pre,
            max_side=args.max_side,
            title=args.title,
            notes=[args.event, *notes] if args.event else notes,
        )
        print(f'wrote {args.target}')


if __name__ == '__main__':
    main()
