"""``report``: write the report of a finished run anew, as after an analyst's edits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfpenet_mm.cli.errors import exit_on_user_error, file_name
from dfpenet_mm.errors import InputFileError, OutputError
from dfpenet_mm.installation import quiet_libraries

EXAMPLE = """\
example, after landslides.gpkg was edited in QGIS:
  python tools/report.py out --post post.tif --pre pre.tif

The numbers, the map and the table are those of the GeoPackage as it is now; what the filters
removed, the evaluation and the figures stay those of the run, and the page says so. Exit codes:
0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description='Write report.html of a finished run anew.',
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=file_name, metavar='OUT', help='folder of the finished run')
    parser.add_argument(
        '--post', type=file_name, required=True, metavar='IMAGE', help='the image that was mapped'
    )
    parser.add_argument('--pre', type=file_name, metavar='IMAGE', help='the image before the event')
    parser.add_argument(
        '--target', type=file_name, metavar='FILE', help='page to write (default: OUT/report.html)'
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with code 2 on bad input."""
    args = build_parser().parse_args(arguments)
    with exit_on_user_error(debug=args.debug):
        target = rewrite_report(args.out, post=args.post, pre=args.pre, target=args.target)
    sys.stdout.write(f'{target}\n')


def rewrite_report(
    out: Path, *, post: Path, pre: Path | None = None, target: Path | None = None
) -> Path:
    """Write the report of a finished run anew.

    Args:
        out: folder of the run.
        post: the image that was mapped.
        pre: the image before the event; None to do without.
        target: page to write, replacing what is there; None for ``report.html`` in ``out``.

    Returns:
        The page.

    Raises:
        InputFileError: if a product or an image is missing, cannot be read, or is not the run's.
        OutputError: if the page cannot be written.
    """
    with quiet_libraries():
        from dfpenet_mm.report.page.page import write_report  # noqa: PLC0415
        from dfpenet_mm.report.run_products import RunProducts  # noqa: PLC0415

    products = RunProducts.read(out, post=post, pre=pre)
    _check_images(products.summary, {'post': post, 'pre': pre})
    target = target or out / 'report.html'
    try:
        write_report(products, target)
    except OSError as error:
        raise OutputError(
            f'{target} cannot be written ({error}); name another page with --target'
        ) from error
    return target


def _check_images(summary: Mapping[str, Any], images: Mapping[str, Path | None]) -> None:
    """Refuse an image that is not the one that was mapped: outlines would lie on it wrongly."""
    with quiet_libraries():
        from dfpenet_mm.run.record import describe_input  # noqa: PLC0415

    inputs = summary.get('provenance', {}).get('inputs', {})
    for role, path in images.items():
        known = inputs.get(role)
        if path is None or not known:
            continue
        given = describe_input(path)
        if given['sha256'] != known['sha256']:
            raise InputFileError(
                f'--{role} {path} is not the image that was mapped ({known["name"]}, SHA-256 '
                f'{known["sha256"][:12]}…): its SHA-256 is {given["sha256"][:12]}…; give that one'
            )


if __name__ == '__main__':
    main()
