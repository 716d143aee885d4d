"""Prepare ISPRS Potsdam from its downloads, zip files or folders."""

from __future__ import annotations

from dfpenet_mm.cli.conversion import conversion_parser, run_conversion
from dfpenet_mm.preparation.isprs.collections import POTSDAM_BANDS, potsdam


def main() -> None:
    """Read the command line and convert."""
    parser = conversion_parser(
        description=__doc__,
        example='python tools/dataset_converters/potsdam.py Potsdam.zip --out data/potsdam',
    )
    parser.add_argument(
        '--bands', choices=POTSDAM_BANDS, default='RGB', help='which images to take'
    )
    args = parser.parse_args()
    run_conversion(potsdam(args.bands), args)


if __name__ == '__main__':
    main()
