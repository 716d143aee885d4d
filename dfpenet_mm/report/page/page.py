"""The report of a run: one HTML file that opens offline in any browser.

20,000 landslides stay usable: outlines are simplified until they have 250,000 points at most
and packed at four bytes a point; the table holds only the rows in sight; numbers are written at
the largest landslides in view, where there is room; and with more than 600 outlines in view, a
picture of all of them is shown instead, which the browser draws once and which moves as fast as
the image under it. What is under the pointer is found among the outlines all the same.
``benchmarks/report.py`` measures it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from dfpenet_mm.files import whole_file
from dfpenet_mm.report.figures.inventory_map import draw_inventory_map, inventory_map
from dfpenet_mm.report.figures.palette import AREA, KEPT, REMOVED, hook_words
from dfpenet_mm.report.page import document, images
from dfpenet_mm.report.page.checks import checks
from dfpenet_mm.report.page.columns import named_in, pack_columns, sentence, silent_columns
from dfpenet_mm.report.page.document import described, file_name
from dfpenet_mm.report.page.images import largest_pictures
from dfpenet_mm.report.page.key_numbers import (
    audit,
    confidence,
    evaluations,
    headline,
    largest,
    scene_facts,
)
from dfpenet_mm.report.page.map_frame import MapFrame
from dfpenet_mm.report.page.packing import pack_outlines, picture_outlines
from dfpenet_mm.report.run_products import RunProducts
from dfpenet_mm.report.shown_inventory import ShownInventory, shown_inventory

# Hooks that may remove regions, and what they do.
FILTERS = {
    'GeologicFilter': 'Geologic filter: too small, too large, too thin or on unsuitable terrain',
    'TemporalDifference': 'Comparison with the pre-event image: present before the event',
}
# On the map; as in the figures and in QGIS.
COLOURS = {'rejected': REMOVED, 'landslides': KEPT, 'selected': '#ffe600', 'area': AREA}
# Smallest area that counts as taken away, square metres.
SMALL_AREA_M2 = 0.5
# But not that of a unit, as in m2.
NUMBER = r'(?<![A-Za-z\d.])-?\d[\d.,]*'


def removals(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the hooks that could remove something or did.

    Args:
        summary: of the run, with ``hooks``.

    Returns:
        ``hook``, ``meaning``, ``regions_in``, ``regions`` and ``area_m2`` taken away, and
        ``note`` where the hook did not do its work, in the order of the run.
    """
    rows = []
    for record in summary.get('hooks', []):
        regions = record['regions_in'] - record['regions_out']
        area = record['area_m2_in'] - record['area_m2_out']
        if record['hook'] in FILTERS or regions or abs(area) > SMALL_AREA_M2:
            rows.append(
                {
                    'hook': record['hook'],
                    'meaning': FILTERS.get(record['hook'], hook_words(record['hook']).capitalize()),
                    'regions_in': record['regions_in'],
                    'regions': regions,
                    'area_m2': area,
                    'note': _note(record['hook'], summary.get('results', {})),
                }
            )
    return rows


def _note(hook: str, results: Mapping[str, Any]) -> str | None:
    found = results.get(hook)
    if hook != 'TemporalDifference' or not isinstance(found, Mapping):
        return None
    if not found.get('pre_event'):
        return 'no pre-event image was given'
    if found.get('trusted') is False:
        return 'the pre-event result is not plausible, so nothing was removed'
    return None


def reasons(rejected: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Count rejected regions by hook and kind of reason, most frequent first.

    Two reasons are of one kind if they differ in numbers only.
    """
    if rejected is None or rejected.empty or 'reason' not in rejected:
        return []
    kinds = rejected['reason'].astype(str).str.replace(NUMBER, '…', regex=True)
    hooks = rejected['hook'].astype(str) if 'hook' in rejected else pd.Series('', rejected.index)
    counted = rejected.assign(kind=kinds, hook=hooks).groupby(['hook', 'kind'], sort=False)
    rows = [
        {
            'hook': hook,
            'reason': kind,
            'regions': len(group),
            'area_m2': float(group['area_m2'].sum()) if 'area_m2' in group else None,
        }
        for (hook, kind), group in counted
    ]
    return sorted(rows, key=lambda row: -row['regions'])


# Pictures of a run that the page shows, in this order, and what they show.
FIGURES = {
    'figures/recognition_stages.png': 'The inventory after every stage of the mapping.',
    'figures/pre_post_comparison.png': 'Before and after the event.',
    'figures/segmentation_examples.png': 'Examples of recognised landslides.',
    'figures/reliability.png': 'Probability of landslide against what an analyst found.',
    'figures/shift.png': 'Shift between the pre-event and the post-event image.',
}
# Letters of warnings that leave room for the map on a sheet of paper.
SHEET_LETTERS = 1800
SINCE = (
    'Numbers, map and table show it as it is now; removals, evaluation, statistics and figures '
    'are those of the run.'
)
FINISHED = 'Removals and evaluation are those of the run.'
STATISTICS = 'statistics.png'
INVENTORY = 'figures/inventory.png'


def write_report(products: RunProducts, target: Path) -> None:
    """Write the report.

    Args:
        products: what the run left.
        target: HTML file to write; it appears when it is complete.

    Raises:
        InputFileError: if a product or an image cannot be read.
        OutputError: if the disk refuses.
    """
    page = report_html(products)
    with whole_file(target) as part:
        part.write_text(page, encoding='utf-8')


def report_html(products: RunProducts) -> str:
    """Return the report as HTML; arguments and errors are those of ``write_report``."""
    inventory = shown_inventory(_with_verdicts(products), products.summary, products.rejected)
    backdrop = products.backdrops['post']
    frame = MapFrame(backdrop.grid)
    outlines = picture_outlines(inventory.table.geometry, frame)
    script = document.script()
    return (
        document.environment()
        .get_template('report.html.j2')
        .render(
            **_facts(products, inventory),
            policy=document.security_policy(script),
            styles=document.styles(),
            script=script,
            data=document.json_text(_browser_data(products, inventory, outlines, frame)),
            colours=COLOURS,
            verdicts=images.VERDICTS,
            largest_pictures=largest_pictures(
                inventory.table, products, [row['row'] for row in largest(inventory.table)]
            ),
            statistics=_uri(products, STATISTICS),
            figures=[
                (uri, text) for name, text in FIGURES.items() if (uri := _uri(products, name))
            ],
            situation=_situation(products, inventory),
        )
    )


def _with_verdicts(products: RunProducts) -> gpd.GeoDataFrame:
    """Add what the last evaluation says of every landslide, if there is one."""
    table = products.landslides
    file = products.evaluation_file('.gpkg')
    matches = None if file is None else products.layer(file.name, 'predicted')
    if matches is None or not {'id', 'status'} <= set(matches.columns) or 'id' not in table:
        return table
    verdicts = matches.drop_duplicates('id').set_index('id')['status']
    return table.assign(verdict=table['id'].map(verdicts))


def _facts(products: RunProducts, inventory: ShownInventory) -> dict[str, Any]:
    """Everything that the template writes out itself."""
    table, summary = inventory.table, products.summary
    facts = scene_facts(products.grid, summary)
    return {
        'scene_name': file_name(summary, 'post') or products.post.name,
        'pre_name': file_name(summary, 'pre') or (products.pre.name if products.pre else None),
        'scene': facts,
        'grid': products.grid,
        'drawn_m': products.backdrops['post'].grid.gsd,
        'headline': headline(table, facts),
        'largest': largest(table),
        'confidence': confidence(table, summary),
        'removals': removals(summary),
        'reasons': reasons(inventory.rejected),
        'checks': checks(
            table=table,
            summary=summary,
            facts=facts,
            has_pre=file_name(summary, 'pre') is not None or products.pre is not None,
            edited=bool(inventory.edits),
        ),
        **_cautions(products, inventory),
        'evaluations': evaluations(summary),
        'audit': audit(summary, products.folder),
        'provenance': described(summary),
        'rejected': 0 if inventory.rejected is None else len(inventory.rejected),
        'has_pre': products.pre is not None,
        'area_name': facts.area_name,
        'has_verdicts': products.evaluation_file('.tif') is not None,
        'min_area_m2': summary.get('results', {}).get('GeologicFilter', {}).get('min_area_m2'),
    }


def _cautions(products: RunProducts, inventory: ShownInventory) -> dict[str, Any]:
    """Gather the warnings to read first, and count those that leave room for the map on paper."""
    cautions = [sentence(warning) for warning in products.summary.get('warnings', [])]
    review, told = products.review, products.review.sentence
    if inventory.edits:
        edits = '; '.join(inventory.edits)
        since = FINISHED if inventory.finished else SINCE
        cautions.insert(0, f'The inventory was edited after the run: {edits}. {since}')
    letters = np.cumsum([len(caution) for caution in cautions])
    return {
        'cautions': cautions,
        'on_first_sheet': max(1, int((letters <= SHEET_LETTERS).sum())),
        'edits': inventory.edits,
        'status': f'edited since the run, {told}' if inventory.edits else told,
        'mark': review.mark,
    }


def _browser_data(
    products: RunProducts, inventory: ShownInventory, outlines: np.ndarray, frame: MapFrame
) -> dict[str, Any]:
    """Gather the data that the script draws and lists."""
    decimals = 6 if frame.grid.crs.is_geographic else 1
    asked = named_in(products.summary.get('warnings', []))
    layers = {'landslides': _layer(inventory.table, outlines, decimals, asked)}
    if inventory.rejected is not None:
        rejected = inventory.rejected.assign(hook=inventory.rejected['hook'].map(hook_words))
        drawn = picture_outlines(rejected.geometry, frame)
        layers['rejected'] = _layer(rejected, drawn, decimals)
    return {
        'frame': frame.as_dict() | {'north': frame.north_deg},
        'layers': layers,
        'map': {
            'pictures': _pictures(products, frame),
            'colours': COLOURS,
            'area': None if products.area is None else frame.svg_path(products.area),
        },
    }


def _layer(
    table: gpd.GeoDataFrame, outlines: np.ndarray, decimals: int, asked: Sequence[str] = ()
) -> Mapping[str, Any]:
    plain = table.drop(columns=[table.geometry.name, *silent_columns(table)])
    return {
        'rows': len(table),
        'columns': pack_columns(plain, asked=asked, map_unit_decimals=decimals),
        'outlines': pack_outlines(outlines),
    }


def _pictures(products: RunProducts, frame: MapFrame) -> dict[str, str]:
    pictures = {
        role: images.colours_uri(backdrop.colours) for role, backdrop in products.backdrops.items()
    }
    verdicts = products.evaluation_file('.tif')
    if verdicts is not None:
        pictures['verdicts'] = images.verdicts_uri(verdicts, frame.grid)
    return pictures


def _situation(products: RunProducts, inventory: ShownInventory) -> str:
    """Return the map for paper: that of the run, or one that shows what was edited since."""
    figure = None if inventory.edits else _uri(products, INVENTORY)
    if figure is not None:
        return figure
    with TemporaryDirectory() as folder:
        drawn = draw_inventory_map(inventory_map(products), Path(folder) / 'inventory.png')
        return images.picture_uri(drawn)


def _uri(products: RunProducts, name: str) -> str | None:
    path = products.product(name)
    return None if path is None else images.picture_uri(path)
