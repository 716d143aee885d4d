"""What a comparison of two inventories came to, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dfpenet_mm.wording import counted


def findings(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say what was compared on which grid, and how well it agrees.

    Args:
        summary: of ``evaluate_inventory``, as in its ``summary.json``.

    Yields:
        Lines of text.
    """
    result, grid = summary['evaluation'], summary['grid']
    origin = f'of {grid["from"]}' if grid['from'] else 'derived'
    within = f' in {result["area"]}' if result['area'] else ''
    yield (
        f'{counted(summary["predicted_landslides"], "landslide")} of {summary["predicted"]} '
        f'against {result["reference_landslides"]} of {result["reference"]}{within}'
    )
    yield (
        f'  grid {origin}: {grid["rows"]} x {grid["cols"]} pixels of {grid["gsd_m"]:.3g} m, '
        f'{grid["crs"]}'
    )
    yield f'  pixels: {_scores(result["pixels"])}'
    tolerant = result['pixels_without_boundary']
    if tolerant:
        left_out = tolerant['fp_left_out'] + tolerant['fn_left_out']
        yield (
            f'  pixels but {counted(left_out, "wrong one")} within {tolerant["tolerance_px"]:g} of '
            f'a boundary: {_scores(tolerant)}'
        )
    yield f'  landslides: {_scores(result["landslides"])}'
    yield (
        f'  {counted(result["split_reference_landslides"], "reference landslide")} in several '
        f'predicted ones, {counted(result["merged_predicted_landslides"], "predicted one")} over '
        f'several of the reference'
    )
    for size in result['recall_by_size']:
        if size['landslides']:
            upper = 'more' if size['to_m2'] is None else f'{size["to_m2"]:g} m2'
            yield (
                f'  {size["from_m2"]:g} m2 to {upper}: {size["found"]} of {size["landslides"]} '
                f'found'
            )


def _scores(counts: Mapping[str, int | float | None]) -> str:
    """Write counts as whole numbers and ratios as percents, n/a where undefined."""
    ratios = [
        f'{name} {"n/a" if counts[name] is None else f"{counts[name]:.2%}"}'
        for name in ('precision', 'recall', 'f1', 'iou')
    ]
    return ', '.join([*(f'{name} {counts[name]}' for name in ('tp', 'fp', 'fn')), *ratios])
