"""``landslide-map fetch``: from an earthquake's name to two images and an elevation model."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfpenet_mm.cli.fetch_options import build_parser
from dfpenet_mm.cli.products import named_products
from dfpenet_mm.cli.refusals import loading
from dfpenet_mm.imagery.fetch_folder import check_out
from dfpenet_mm.run.messages import CommandResult, Messages
from dfpenet_mm.source_files import require_file

if TYPE_CHECKING:
    from dfpenet_mm.imagery.choosing import Choice
    from dfpenet_mm.imagery.fetch import Fetched
    from dfpenet_mm.imagery.request import FetchRequest


def run(arguments: Sequence[str], messages: Messages) -> CommandResult:
    """Fetch as a command line asks for, and say what was found and how to map it."""
    args = build_parser().parse(arguments, messages)
    for path in filter(None, (args.aoi, args.from_items, *args.from_safe)):
        require_file(path, str(path))
    if not args.dry_run:
        check_out(_out(args), overwrite=args.overwrite)
    with loading():
        from dfpenet_mm.imagery.fetch import fetch_images  # noqa: PLC0415
        from dfpenet_mm.run.fetch_progress import fetch_progress  # noqa: PLC0415

    with ExitStack() as stack:
        progress = stack.enter_context(fetch_progress(quiet=args.quiet, messages=messages))
        fetched = fetch_images(_request(args), progress)
    if args.dry_run and not args.json:
        sys.stdout.writelines(f'{line}\n' for line in _table(fetched))
    elif args.json:
        document = {'candidates': _rows(fetched)} if args.dry_run else dict(fetched.record)
        sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + '\n')
    elif not args.quiet:
        out = fetched.files[0].parent
        sys.stdout.writelines(f'{path}\n' for path in fetched.files)
        sys.stdout.write(f'look at {out / "quick_look.png"}, then map:\n  {_mapping(fetched)}\n')
    sys.stdout.flush()
    for note in fetched.notes:
        messages.warning(note)
    if args.dry_run:
        return CommandResult('images were found, none was fetched')
    folder = fetched.files[0].parent
    return CommandResult('images were fetched', named_products(folder, fetched.files))


def _request(args: argparse.Namespace) -> FetchRequest:
    from dfpenet_mm.imagery.catalogues import StacServer  # noqa: PLC0415
    from dfpenet_mm.imagery.request import FetchRequest  # noqa: PLC0415

    periods = {
        option: (given[0][0], given[1][1]) if given else None
        for option, given in (('post', args.post_dates), ('pre', args.pre_dates))
    }
    return FetchRequest(
        out=_out(args),
        event=args.event,
        date=args.date,
        box=args.bbox,
        aoi=args.aoi,
        intensity=args.intensity,
        days=args.days,
        post_dates=periods['post'],
        pre_dates=periods['pre'],
        max_cloud=args.max_cloud,
        post_items=args.post_item,
        pre_items=args.pre_item,
        keep_clouds=args.keep_clouds,
        offset=None if args.offset == 'auto' else int(args.offset),
        server=StacServer(args.stac, args.collection, args.dem_collection),
        usgs=args.usgs,
        items=args.from_items,
        products=args.from_safe,
        dem=not args.no_dem,
        max_gb=args.max_gb,
        dry_run=args.dry_run,
        overwrite=args.overwrite,
    )


def _out(args: argparse.Namespace) -> Path:
    name = args.event or (f'{args.date[0]:%Y-%m-%d}' if args.date else 'area')
    return args.out or Path(f'fetched_{name}')


def _mapping(fetched: Fetched) -> str:
    """Return the command line that maps what was fetched."""
    out = fetched.files[0].parent
    names = {path.name for path in fetched.files}
    words = ['landslide-map', '--post', out / 'post.tif', '--pre', out / 'pre.tif']
    words += [] if fetched.area.is_box else ['--aoi', out / 'area.gpkg']
    words += ['--dem', out / 'dem.tif'] if 'dem.tif' in names else []
    line = [str(word) for word in [*words, '--out', out / 'map']]
    return subprocess.list2cmdline(line) if os.name == 'nt' else shlex.join(line)


def _rows(fetched: Fetched) -> list[dict[str, Any]]:
    return [
        {
            'image': name,
            'taken': any(look is one for one in choice.looks),
            'time': f'{look.overpass.time:%Y-%m-%dT%H:%M:%SZ}',
            'orbit': look.overpass.orbit,
            **{what: round(share, 4) for what, share in look.shares.items()},
            'items': [item.id for item in look.overpass.items],
        }
        for name, choice in _choices(fetched)
        for look in sorted(choice.seen, key=lambda look: look.overpass.time)
    ]


def _choices(fetched: Fetched) -> list[tuple[str, Choice]]:
    return [('post', fetched.post), ('pre', fetched.pre)]


def _table(fetched: Fetched) -> list[str]:
    shares = ('covered', 'clear', 'cloud', 'shadow', 'snow')
    heading = f'{"":2}{"image":6}{"time":18}{"orbit":>6}'
    lines = [heading + ''.join(f'{name:>9}' for name in shares) + '  names']
    for row in _rows(fetched):
        orbit = '' if row['orbit'] is None else row['orbit']
        line = (
            f'{"*" if row["taken"] else "":2}{row["image"]:6}{str(row["time"])[:16]:18}{orbit:>6}'
        )
        line += ''.join(f'{row[name]:>9.0%}' for name in shares)
        lines.append(f'{line}  {" ".join(row["items"])}')
    return [*lines, '* would be taken; others by --post-item NAME ... and --pre-item NAME ...']
