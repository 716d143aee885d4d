"""A review prepared: columns to fill in, an order that helps most, and places to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.windows import Window

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import (
    BACKGROUND,
    COMMENT,
    PLACES_TO_CHECK,
    REVIEW,
    REVIEW_ORDER,
    REVIEWED_AREA,
    REVIEWED_AT,
    REVIEWER,
    Review,
)
from postproc.inventory.layer import Layer
from postproc.masks.product_rasters import open_role
from postproc.product import LandslideProduct

TEXTS = (REVIEWER, REVIEWED_AT, COMMENT)
# Layers that serve the review, and are no part of an inventory that is handed on.
REVIEW_LAYERS = (REVIEWED_AREA, PLACES_TO_CHECK)
# Cells along the longer side of a scene: each has its turn before one has its second.
CELLS = 8
# After so many landslides comes a place without any.
LANDSLIDES_A_PLACE = 4
FEWEST_PLACES, MOST_PLACES = 10, 50
# A place is as large as a landslide with its surroundings; of a small scene an eighth.
PLACE_PX, PLACE_M, PLACE_SHARE = 32, 100.0, 8
TRIES = 40
SEED = 0


def prepare_review(
    landslides: gpd.GeoDataFrame, product: LandslideProduct
) -> tuple[gpd.GeoDataFrame, list[Layer]]:
    """Give an inventory what an analyst's review needs.

    Args:
        landslides: measured, with ``area_m2`` and ``mean_probability``.
        product: lends its grid and its ``mask``; without one there are no places to look at.

    Returns:
        The landslides with the columns of the review, none reviewed, and the layers to draw and
        to look into.

    Raises:
        InputFileError: if the mask is unreadable.
        GridMismatchError: if it is on another grid.
    """
    grid = product.grid
    found = math.ceil(len(landslides) / LANDSLIDES_A_PLACE)
    windows = empty_places(product, min(max(found, FEWEST_PLACES), MOST_PLACES))
    places = gpd.GeoDataFrame(geometry=[_outline(window, grid) for window in windows], crs=grid.crs)
    places = with_review_columns(places)
    table, places = in_review_order(with_review_columns(landslides), places, grid)
    area = gpd.GeoDataFrame({name: _no_text(0) for name in TEXTS}, geometry=[], crs=grid.crs)
    return table, review_layers(area, places)


def review_layers(area: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> list[Layer]:
    """Return the layers of a review, as a GeoPackage holds them."""
    return [
        Layer(REVIEWED_AREA, REVIEWED_AREA, area),
        Layer(PLACES_TO_CHECK, PLACES_TO_CHECK, places),
    ]


def with_review_columns(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add the columns of a review that a table lacks, before its geometry, all unreviewed."""
    new = {name: _no_text(len(table)) for name in TEXTS if name not in table}
    if REVIEW not in table:
        new = {REVIEW: pd.array([str(Review.UNREVIEWED)] * len(table), dtype='str'), **new}
    if REVIEW_ORDER not in table:
        new[REVIEW_ORDER] = np.zeros(len(table), dtype=np.int64)
    geometry = table.geometry.name
    wide = table.assign(**new)
    return wide[[*(name for name in wide if name != geometry), geometry]]


def _no_text(rows: int) -> pd.api.extensions.ExtensionArray:
    return pd.array([None] * rows, dtype='str')


def in_review_order(
    table: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    grid: RasterGrid,
    seen: np.ndarray | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Number landslides and places in the order in which looking at them helps most.

    The area that is expected to be wrong, area times one minus probability, decides within a
    cell of the scene; every cell has its turn before one has its second. Every fifth is a place
    without a landslide, where the map may have missed one. What was seen comes last.

    Args:
        table: landslides with ``area_m2`` and ``mean_probability``, null where unknown.
        places: without a landslide, in any order.
        grid: of the scene.
        seen: of the landslides, shape (landslides,); None for none.

    Returns:
        Both with ``review_order``, from 1, each number once.
    """
    seen = np.zeros(len(table), dtype=bool) if seen is None else seen
    first = _spread(_expected_wrong(table), _cells(table, grid), seen)
    # Landslides 0 to 3, place 0, landslides 4 to 7, place 1 and so on.
    steps = np.arange(len(table))
    rank = np.empty(len(table))
    rank[first] = steps + steps // LANDSLIDES_A_PLACE
    rank[seen] += len(table) + (LANDSLIDES_A_PLACE + 1) * len(places)
    period = LANDSLIDES_A_PLACE + 1
    turns = np.concatenate([rank, np.arange(len(places)) * period + LANDSLIDES_A_PLACE])
    order = np.empty(len(turns), dtype=np.int64)
    order[np.argsort(turns, kind='stable')] = np.arange(1, len(turns) + 1)
    own, others = order[: len(table)], order[len(table) :]
    return table.assign(**{REVIEW_ORDER: own}), places.assign(**{REVIEW_ORDER: others})


def _expected_wrong(table: gpd.GeoDataFrame) -> np.ndarray:
    chance = pd.to_numeric(table['mean_probability'], errors='coerce').to_numpy(dtype=float)
    return table['area_m2'].to_numpy(dtype=float) * (1 - np.nan_to_num(chance))


def _cells(table: gpd.GeoDataFrame, grid: RasterGrid) -> np.ndarray:
    """Return the cell of the scene that every landslide's centroid lies in, shape (rows,)."""
    centres = shapely.get_coordinates(shapely.centroid(table.geometry.to_numpy()))
    cols, rows = ~grid.transform @ centres.T if len(centres) else np.zeros((2, 0))
    side = max(grid.shape) / CELLS
    return (rows // side).astype(int) * CELLS + (cols // side).astype(int)


def _spread(scores: np.ndarray, cells: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return positions, best first: one of each cell, then a second of each, and so on."""
    best = np.lexsort((-scores, cells, seen))
    # Rank within (seen, cell).
    keys = np.column_stack([seen[best], cells[best]])
    fresh = np.ones(len(best), dtype=bool)
    fresh[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    starts = np.flatnonzero(fresh)
    turn = np.arange(len(best)) - np.repeat(starts, np.diff(np.append(starts, len(best))))
    return best[np.lexsort((-scores[best], turn, seen[best]))]


def empty_places(product: LandslideProduct, wanted: int) -> list[Window]:
    """Draw squares of mapped ground on which nothing was recognised, all over the scene.

    Args:
        product: lends its grid and its ``mask``.
        wanted: how many.

    Returns:
        Windows that do not overlap, the same at every call; fewer than wanted where there is
        hardly such ground.
    """
    if 'mask' not in product.rasters:
        return []
    rows, cols = product.grid.shape
    side = max(PLACE_PX, round(PLACE_M / product.grid.gsd))
    side = max(1, min(side, min(rows, cols) // PLACE_SHARE))
    random = np.random.default_rng(SEED)
    cells = list(_shuffled_cells(rows, cols, side, random))
    chosen: list[Window] = []
    with open_role(product, 'mask') as mask:
        for number in range(TRIES * wanted):
            if len(chosen) == wanted:
                break
            top, bottom, left, right = cells[number % len(cells)]
            row, col = int(random.integers(top, bottom)), int(random.integers(left, right))
            apart = all(
                abs(row - other.row_off) >= side or abs(col - other.col_off) >= side
                for other in chosen
            )
            window = Window(col, row, side, side)
            if apart and (mask.read(1, window=window) == BACKGROUND).all():
                chosen.append(window)
    return chosen


def _shuffled_cells(
    rows: int, cols: int, side: int, random: np.random.Generator
) -> Sequence[tuple[int, int, int, int]]:
    """Return first and last upper left corners of squares in every cell, cells in any order."""
    tops, lefts = rows - side + 1, cols - side + 1
    step = max(1, math.ceil(max(tops, lefts) / CELLS))
    cells = [
        (top, min(top + step, tops), left, min(left + step, lefts))
        for top in range(0, tops, step)
        for left in range(0, lefts, step)
    ]
    return [cells[index] for index in random.permutation(len(cells))]


def _outline(window: Window, grid: RasterGrid) -> shapely.Polygon:
    left, top = window.col_off, window.row_off
    right, bottom = left + window.width, top + window.height
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return shapely.Polygon([grid.transform @ corner for corner in corners])
