"""The report of a finished run anew, as after an analyst's edits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.report.page.page import write_report
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.run.provenance import describe_input


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
    products = RunProducts.read(out, post=post, pre=pre)
    _check_images(products.summary, {'post': post, 'pre': pre})
    target = target or out / 'report.html'
    write_report(products, target)
    return target


def _check_images(summary: Mapping[str, Any], images: Mapping[str, Path | None]) -> None:
    """Refuse an image that is not the one that was mapped: outlines would lie on it wrongly."""
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
