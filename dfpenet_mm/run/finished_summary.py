"""The summary of a run whose inventory was finished: what changed is told anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfpenet_mm.report.shown_inventory import run_totals
from dfpenet_mm.run.folder import product_names
from dfpenet_mm.run.provenance import sha256
from dfpenet_mm.run.summary_file import describe_totals
from dfpenet_mm.vocabulary import CHANCE, ORIGINAL, SUMMARY
from dfpenet_mm.wording import agreeing, counted
from postproc.inventory.layer import Layer
from postproc.inventory_statistics import OPENINGS, REVIEW_RESULT
from postproc.product import LandslideProduct

VECTORISER = 'Vectoriser'
# Of a warning of the comparison with the pre-event image.
BLIND = ' no pre-event data (pre_coverage'


def finished_summary(
    summary: Mapping[str, Any],
    product: LandslideProduct,
    layers: Sequence[Layer],
    *,
    asked: Sequence[str],
    written: Sequence[str],
    notes: Sequence[str],
) -> dict[str, Any]:
    """Renew what a summary tells of the inventory; what the run did stays.

    Args:
        summary: of the run, or of one that was finished before.
        product: the reviewed inventory, with the results of hooks that ran again.
        layers: of its GeoPackage.
        asked: names of the inventory's files, one a format.
        written: names of all its files.
        notes: sentences on what was mended.

    Returns:
        Plain JSON values; ``review`` tells what the run had found, and the largest number given.
    """
    table, results = product.landslides, dict(summary.get('results', {}))
    vectoriser = dict(results.get(VECTORISER) or {})
    vectoriser |= {
        'files': list(written),
        'asked': list(asked),
        'layers': {layer.name: len(layer.table) for layer in layers},
        'area_m2': float(table['area_m2'].sum()),
        'touching_edge': int(table['touches_edge'].sum()),
    }
    numbers = [table['id'], *([] if product.rejected is None else [product.rejected['id']])]
    earlier = summary.get('review') or {}
    last = [earlier.get('last_number', 0), *(int(ids.max()) for ids in numbers if len(ids))]
    review = {
        'run_totals': dict(run_totals(summary)),
        'last_number': max(last),
        'notes': list(dict.fromkeys([*earlier.get('notes', ()), *notes])),
    }
    warnings = [text for text in summary.get('warnings', ()) if not text.startswith(OPENINGS)]
    warnings = [_recounted(text, product) for text in warnings]
    return {
        **summary,
        'totals': describe_totals(product),
        'warnings': [*warnings, *product.warnings],
        'results': {**results, **product.results, VECTORISER: vectoriser},
        'review': review,
    }


def left_open(summary: Mapping[str, Any]) -> list[str]:
    """Say which landslides have no chance, if any.

    Args:
        summary: of a finished review.
    """
    small = summary['results'][REVIEW_RESULT]['too_small_for_a_chance']
    if not small:
        return []
    return [
        f'{counted(small, "landslide")} {agreeing(small, "has", "have")} no {CHANCE}, being '
        f'smaller than nearly all that were judged; judge small ones as well, as on reviewed ground'
    ]


def _recounted(warning: str, product: LandslideProduct) -> str:
    """Count again what a warning of the run says of landslides that are others now."""
    table = product.landslides
    if BLIND not in warning or 'pre_coverage' not in table:
        return warning
    count, rest = int((table['pre_coverage'] == 0).sum()), warning.partition(BLIND)[2]
    verb = agreeing(count, 'has', 'have')
    return f'{count} of {counted(len(table), "landslide")} {verb}{BLIND}{rest}'


def with_files(
    summary: Mapping[str, Any],
    failures: Sequence[str],
    folder: Path,
    staging: Path,
    inventory: str,
) -> dict[str, Any]:
    """Complete the summary when all else is written.

    Args:
        summary: as of ``finished_summary``.
        failures: sentences on pictures that could not be made.
        folder: of the run.
        staging: the new products, on their way there.
        inventory: name of the GeoPackage among them.
    """
    there = {SUMMARY, *product_names(staging)}
    files = {ORIGINAL, *there, *(summary.get('files') or ())}
    review = {**summary['review'], 'inventory_sha256': sha256(staging / inventory)}
    return {
        **summary,
        'warnings': list(dict.fromkeys([*summary['warnings'], *failures])),
        'review': review,
        'files': sorted(name for name in files if name in there or (folder / name).exists()),
    }
