"""Which places of a scene tell most about how it was mapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from dfpenet_mm.report.figures.class_raster import in_pixels
from dfpenet_mm.report.figures.evaluation_files import evaluation_file
from dfpenet_mm.report.figures.palette import area_text
from dfpenet_mm.report.figures.stages import areas_m2, hook_words
from dfpenet_mm.report.run_products import RunProducts


@dataclass(frozen=True)
class Place:
    """A region to look at.

    Args:
        title: why it tells something.
        lines: its number and measures.
        bounds: (left, top, right, bottom) in the scene's pixels.
    """

    title: str
    lines: tuple[str, ...]
    bounds: tuple[float, float, float, float]


def telling_places(products: RunProducts) -> list[Place]:
    """Choose the largest and a least certain landslide, a rejected region, an error of each kind.

    Returns:
        As many as there are: none without any region. False alarm and miss are the largest ones
        by an evaluation.
    """
    return list(_places(products))


def _places(products: RunProducts) -> Iterator[Place]:
    landslides, rejected = products.landslides, products.rejected
    largest = _largest(products, landslides)
    if largest is not None:
        yield _place(products, landslides, largest, 'the largest')
        certainty = landslides.get('mean_probability')
        if certainty is not None and certainty.notna().any():
            # Of the uncertain ones the largest, for the smallest show nothing.
            doubtful = certainty <= np.nanquantile(certainty, 0.1)
            row = _largest(products, landslides, doubtful.to_numpy())
            if row is not None and row != largest:
                yield _place(products, landslides, row, 'among the least certain')
    if rejected is not None:
        row = _largest(products, rejected)
        if row is not None:
            hook = hook_words(str(rejected['hook'].iloc[row]))
            yield _place(products, rejected, row, 'rejected', f'by {hook}')
    path = evaluation_file(products, '.gpkg')
    if path is None:
        return
    for layer, status, title in (('predicted', 'FP', 'false alarm'), ('reference', 'FN', 'miss')):
        table = products.layer(path.name, layer)
        if table is not None and 'status' in table:
            row = _largest(products, table, (table['status'] == status).to_numpy())
            if row is not None:
                origin = ('of the reference',) if layer == 'reference' else ()
                yield _place(products, table, row, title, *origin)


def _largest(
    products: RunProducts, table: gpd.GeoDataFrame, chosen: np.ndarray | None = None
) -> int | None:
    areas = areas_m2(table, products.grid)
    if chosen is not None:
        areas = np.where(chosen, areas, -1)
    return int(areas.argmax()) if (areas > 0).any() else None


def _place(
    products: RunProducts, table: gpd.GeoDataFrame, row: int, title: str, *more: str
) -> Place:
    fields = table.iloc[row]
    area = areas_m2(table.iloc[[row]], products.grid)[0]
    number = [f'no. {fields["id"]}'] if 'id' in table else []
    probability = fields.get('mean_probability')
    known = probability is not None and np.isfinite(probability)
    certainty = [f'probability {probability:.2f}'] if known else []
    (outline,) = in_pixels(table.geometry.iloc[[row]], products.grid)
    lines = (*number, area_text(area), *certainty, *more)
    return Place(title, lines, tuple(shapely.bounds(outline).tolist()))
