"""Prepare ISPRS Vaihingen from its downloads, zip files or folders."""

from __future__ import annotations

from dfpenet_mm.cli.conversion import conversion_parser, run_conversion
from dfpenet_mm.preparation.isprs.collections import VAIHINGEN


def main() -> None:
    """Read the command line and convert."""
    parser = conversion_parser(
        description=__doc__,
        example='python tools/dataset_converters/vaihingen.py ISPRS_semantic_labeling_Vaihingen'
        '*.zip --out data/vaihingen',
    )
    run_conversion(VAIHINGEN, parser.parse_args())


if __name__ == '__main__':
    main()
