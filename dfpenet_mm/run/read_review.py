"""A review read from whatever holds it: a run's GeoPackage, or outlines of an analyst's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import READ_ERRORS, read_polygons
from dfpenet_mm.report.run_products import inventory_name, read_summary
from dfpenet_mm.review import review_states
from dfpenet_mm.run.edited_inventory import EditedInventory, read_edited
from dfpenet_mm.run.settled_inventory import settle
from dfpenet_mm.source_files import gdal_name
from dfpenet_mm.vocabulary import (
    ORIGINAL,
    PLACES_TO_CHECK,
    REJECTED,
    REVIEW,
    REVIEWED_AREA,
    SUMMARY,
    Review,
)

ADVICE = 'give a GeoPackage or Shapefile'


def read_review(inventory: Path, reviewed_area: Path | None, grid: RasterGrid) -> EditedInventory:
    """Read what an analyst has judged, as finishing the run would take it.

    Args:
        inventory: of a run, finished or just edited, or any vector file: without the columns of a
            review every landslide in it counts as drawn by the analyst.
        reviewed_area: file of reviewed areas; None for the layer of that name in the inventory.
        grid: of the scene, in whose CRS the polygons are wanted.

    Returns:
        Landslides that are not rejected, each with a state; regions that an analyst rejected;
        reviewed areas, places that were confirmed among them.

    Raises:
        InputFileError: if a file cannot be read.
        VectorFormatError: if a layer has no CRS, or a state is none.
    """
    review = _of_run(inventory, grid) or _of_file(inventory, grid)
    if reviewed_area is not None:
        layer = REVIEWED_AREA if REVIEWED_AREA in _layers(reviewed_area) else None
        review = replace(review, area=_table(reviewed_area, 'reviewed area', grid, layer))
    return replace(review, rejected=_by_analyst(review.rejected), area=_with_places(review))


def _of_run(inventory: Path, grid: RasterGrid) -> EditedInventory | None:
    """Read and settle the inventory of a run; None where the file is that of none."""
    original, summary = inventory.with_name(ORIGINAL), inventory.with_name(SUMMARY)
    if not (original.is_file() and summary.is_file()):
        return None
    told = read_summary(summary)
    if inventory_name(told) != inventory.name:
        return None
    return settle(read_edited(inventory, grid), read_edited(original, grid), told)


def _of_file(inventory: Path, grid: RasterGrid) -> EditedInventory:
    table = _table(inventory, 'reviewed inventory', grid)
    layers = _layers(inventory)
    others = {
        name: _table(inventory, name.replace('_', ' '), grid, name)
        for name in (REJECTED, REVIEWED_AREA, PLACES_TO_CHECK)
        if name in layers and len(layers) > 1
    }
    nothing = gpd.GeoDataFrame(geometry=[], crs=grid.crs)
    states = review_states(table, str(inventory))
    if REVIEW not in table:
        states[:] = Review.ADDED
    table = table.assign(**{REVIEW: pd.array([str(state) for state in states], dtype='str')})
    gone, taken = states == Review.REJECTED, others.get(REJECTED)
    rejected = [table[gone], *([] if taken is None else [_by_analyst(taken)])]
    return EditedInventory(
        path=inventory,
        landslides=table[~gone].reset_index(drop=True),
        rejected=pd.concat([part for part in rejected if len(part)], ignore_index=True)
        if any(len(part) for part in rejected)
        else None,
        area=others.get(REVIEWED_AREA, nothing),
        places=others.get(PLACES_TO_CHECK, nothing),
        pixel=abs(grid.transform.determinant),
    )


def _layers(path: Path) -> list[str]:
    with read_errors(path, *READ_ERRORS, advice=ADVICE):
        return list(pyogrio.list_layers(gdal_name(path))[:, 0])


def _table(path: Path, role: str, grid: RasterGrid, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read the features of a layer that have an area on the scene's CRS, with their fields."""
    empty = role != 'reviewed area' or layer is not None
    found = read_polygons(path, role, layer, may_be_empty=empty)
    with read_errors(path, *READ_ERRORS, advice=ADVICE):
        fields = pyogrio.read_dataframe(gdal_name(path), layer=found.layer, read_geometry=False)
    shapes = found.on_grid(grid)
    solid = shapely.area(shapes) > 0
    parts, owners = shapes[solid], found.records[solid]
    records, starts = np.unique(owners, return_index=True)
    whole = [shapely.union_all(own) for own in np.split(parts, starts[1:])] if len(parts) else []
    # A file without any fields tells of no rows either.
    table = fields.reindex(range(found.features)).iloc[records].reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=whole, crs=grid.crs)


def _by_analyst(rejected: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Leave out what a filter took away, and nobody judged."""
    if rejected is None or REVIEW not in rejected:
        return None
    return rejected[review_states(rejected) == Review.REJECTED].reset_index(drop=True)


def _with_places(review: EditedInventory) -> gpd.GeoDataFrame:
    """Add the places to check that were confirmed: there, too, all was looked at."""
    states = review_states(review.places, f'{review.path}, places to check')
    seen = review.places[states != Review.UNREVIEWED]
    if not len(seen):
        return review.area
    return pd.concat([table for table in (review.area, seen) if len(table)], ignore_index=True)
