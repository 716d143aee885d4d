"""The findings of a run as plain JSON values, for ``summary.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dfpenet_mm.grid import RasterGrid
from postproc.inventory.measures import areas_m2
from postproc.product import LandslideProduct

if TYPE_CHECKING:
    # An evaluation, which has no network, writes a summary too.
    from dfpenet_mm.mapping.scene.aoi import AreaOfInterest
    from dfpenet_mm.run.postprocess import FilteredInventory
    from dfpenet_mm.run.prepare import PreparedRun
    from dfpenet_mm.run.recognise import Recognition


def describe_grid(grid: RasterGrid) -> dict[str, Any]:
    """Describe the grid of the scene; lengths in metres at its centre."""
    return {
        'crs': grid.crs.to_string(),
        'rows': grid.shape[0],
        'cols': grid.shape[1],
        'transform': list(grid.transform)[:6],
        'pixel_size_m': list(grid.pixel_size),
        'gsd_m': grid.gsd,
    }


def describe_area(area: AreaOfInterest | None) -> dict[str, Any] | None:
    """Name the area of interest, and count its pixels; None for the whole scene."""
    if area is None:
        return None
    return {'name': area.path.name, 'pixels': area.count_pixels()}


def describe_totals(product: LandslideProduct) -> dict[str, Any]:
    """Count and measure the landslides of the inventory."""
    table = product.landslides
    areas = areas_m2(table)
    coverage = table.get('pre_coverage')
    return {
        'landslides': len(table),
        'area_m2': float(areas.sum()),
        'largest_m2': float(areas.max()) if len(table) else None,
        'median_m2': float(np.median(areas)) if len(table) else None,
        'without_pre_event_data': None if coverage is None else int((coverage == 0).sum()),
        'rejected': 0 if product.rejected is None else len(product.rejected),
    }


def evaluations(product: LandslideProduct) -> dict[str, Any] | None:
    """Return what every evaluator found, by its name; None without a reference."""
    found = {
        name: result
        for name, result in product.results.items()
        if isinstance(result, Mapping) and result.get('reference')
    }
    return found or None


def summarise(
    run: PreparedRun,
    recognition: Recognition,
    inventory: FilteredInventory,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Gather the findings of a run.

    Args:
        run: as prepared.
        recognition: of its images.
        inventory: the landslides that are left.
        seconds: time of every stage.

    Returns:
        Plain JSON values.
    """
    product, records = inventory.product, inventory.records
    pre_event = run.shift and {
        'shift': run.shift.to_dict(),
        'histogram_match': recognition.histogram_match,
    }
    return {
        'totals': describe_totals(product),
        'warnings': list(product.warnings),
        'recognised_regions': records[0].regions_in if records else len(product.landslides),
        'hooks': [asdict(record) for record in records],
        'results': dict(product.results),
        'evaluation': evaluations(product),
        'network': {
            'name': run.network_choice.name,
            **run.pixels.to_dict(),
            'sentence': run.pixels.sentence,
        },
        'scene': describe_grid(run.grid),
        'area_of_interest': describe_area(run.area),
        'recognition': {role: dict(found) for role, found in recognition.scenes.items()},
        'backend_choice': run.choice,
        'probability': dict(run.probability),
        'novelty': recognition.novelty and recognition.novelty.to_dict(),
        'pre_event': pre_event,
        'seconds': {stage: round(taken, 3) for stage, taken in seconds.items()},
        'provenance': dict(run.origin),
    }


def write_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Write it as JSON, which has no NaN: a value that is none is a defect and raises."""
    path.write_text(json.dumps(summary, indent=2, allow_nan=False) + '\n', encoding='utf-8')
