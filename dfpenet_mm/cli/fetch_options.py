"""The options of ``landslide-map fetch``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from dfpenet_mm.cli.options import CommandParser, add_reporting, file_name

STAC = 'https://earth-search.aws.element84.com/v1'
USGS = 'https://earthquake.usgs.gov/fdsnws/event/1/query'
EXAMPLE = """\
examples:
  landslide-map fetch --event us2000h8ty --out hokkaido
      images before and after the earthquake, and the line that maps them
  landslide-map fetch --event us2000h8ty --dry-run
      only a table of the images that there are
  landslide-map fetch --bbox 141.8,42.6,142.1,42.8 --date 2018-09-06 --out iburi
      an area and a day of your own
  landslide-map fetch --from-safe S2A_*.zip S2B_*.zip --bbox 141.8,42.6,142.1,42.8 \\
      --date 2018-09-05 --out iburi
      from products on the disk, without a network

The only verb that uses a network. A fetch that was stopped goes on when the same command is given
again. Exit codes: 0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr;
3 the network or a server does not serve.
"""


def moment(text: str) -> datetime:
    """Read a day or a moment, UTC unless it says otherwise, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no date; give one as YYYY-MM-DD, such as 2018-09-06'
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def whole_day(text: str) -> tuple[datetime, datetime]:
    """Read a day as its two ends, or a moment, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    time = moment(text)
    is_day = len(text) == len('2018-09-06') or 'T' not in text
    return time, time + timedelta(days=1) if is_day else time


def box_of_degrees(text: str) -> tuple[float, float, float, float]:
    """Read west, south, east, north, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if they are no four numbers.
    """
    try:
        west, south, east, north = map(float, text.split(','))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no box; give west, south, east, north in degrees, such as '
            f'141.8,42.6,142.1,42.8'
        ) from None
    return west, south, east, north


def percent(text: str) -> float:
    """Read a percentage as a share, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f'{text!r} is no percentage; give one from 0 to 100')
    return number / 100


def positive(text: str) -> float:
    """Read a number above 0, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f'{text!r} is no number above 0; give one, such as 10')
    return number


def address(text: str) -> str:
    """Read the address of a server, as the ``type`` of an option.

    Raises:
        argparse.ArgumentTypeError: if it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ('http', 'https') or not parts.netloc:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no address of a server; give one that begins with https:// or http://, '
            f'or a list of images on the disk with --from-items'
        )
    return text


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map fetch',
        usage='%(prog)s (--event ID | --date DAY (--bbox W,S,E,N | --aoi POLYGONS)) [options]',
        description='Fetch Sentinel-2 images before and after an earthquake, and elevation.',
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = parser.add_argument_group('place and time')
    place.add_argument(
        '--event',
        metavar='ID',
        help='code of an earthquake at earthquake.usgs.gov: its ShakeMap '
        'bounds the area, or else its magnitude',
    )
    place.add_argument(
        '--intensity',
        type=positive,
        default=6.0,
        metavar='MMI',
        help="intensity of the ShakeMap's contour that bounds the area (%(default)s)",
    )
    place.add_argument('--bbox', type=box_of_degrees, metavar='W,S,E,N', help='box in degrees')
    place.add_argument(
        '--aoi',
        type=file_name,
        metavar='POLYGONS',
        help='area: vector file in any CRS; with --event it cuts the area of the event',
    )
    place.add_argument(
        '--date', type=whole_day, metavar='DAY', help='of the event, as YYYY-MM-DD in UTC'
    )
    _add_choice(parser)
    sources = parser.add_argument_group('sources')
    sources.add_argument(
        '--stac',
        type=address,
        default=STAC,
        metavar='URL',
        help='server that is searched (%(default)s)',
    )
    sources.add_argument(
        '--collection',
        default='sentinel-2-c1-l2a',
        metavar='NAME',
        help='its images of Sentinel-2, level 2A (%(default)s)',
    )
    sources.add_argument(
        '--dem-collection',
        default='cop-dem-glo-30',
        metavar='NAME',
        help='its elevation (%(default)s)',
    )
    sources.add_argument('--no-dem', action='store_true', help='fetch no elevation')
    sources.add_argument(
        '--usgs', type=address, default=USGS, metavar='URL', help='earthquakes (%(default)s)'
    )
    sources.add_argument(
        '--from-items',
        type=file_name,
        metavar='FILE',
        help='JSON of a STAC search instead of a server, with addresses or paths',
    )
    sources.add_argument(
        '--from-safe',
        type=file_name,
        nargs='+',
        default=[],
        metavar='PRODUCT',
        help='Sentinel-2 products of level 2A on the disk instead, folders or zip archives',
    )
    output = parser.add_argument_group('output')
    output.add_argument(
        '--out',
        type=file_name,
        metavar='DIR',
        help='folder of the products. Default: fetched_ID, or fetched_DAY',
    )
    output.add_argument(
        '--max-gb',
        type=positive,
        default=5.0,
        metavar='GB',
        help='refuse to read more pixels than that, unpacked (%(default)s)',
    )
    output.add_argument(
        '--dry-run', action='store_true', help='only list the images that there are'
    )
    output.add_argument('--overwrite', action='store_true', help='replace an earlier fetch')
    add_reporting(output, 'write fetch.json to stdout too, errors as JSON')
    return parser


def _add_choice(parser: CommandParser) -> None:
    choice = parser.add_argument_group('choice of images')
    choice.add_argument(
        '--days',
        type=positive,
        default=30.0,
        metavar='N',
        help='after the event in which an image is looked for (%(default)s)',
    )
    for name in ('post', 'pre'):
        word = 'after' if name == 'post' else 'before'
        choice.add_argument(
            f'--{name}-dates',
            type=whole_day,
            nargs=2,
            metavar=('FIRST', 'LAST'),
            help=f'days {word} the event in which an image is looked for instead',
        )
    for name in ('post', 'pre'):
        word = 'after' if name == 'post' else 'before'
        choice.add_argument(
            f'--{name}-item',
            nargs='+',
            default=[],
            metavar='NAME',
            help=f'take these images {word} the event, as --dry-run lists them; those named first '
            f'lie on top',
        )
    choice.add_argument(
        '--max-cloud',
        type=percent,
        default=0.1,
        metavar='PERCENT',
        help='of the area that may be hidden in a clear image (10)',
    )
    choice.add_argument('--keep-clouds', action='store_true', help='mask no cloud, shadow or snow')
    choice.add_argument(
        '--offset',
        choices=('auto', '0', '1000'),
        default='auto',
        help="number that is taken off Sentinel-2's values; auto: by the images' own account, "
        'checked by their values',
    )
