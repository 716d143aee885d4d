"""Predicted against reference landslides, one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from rasterio.windows import Window

from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.vocabulary import NODATA
from postproc.evaluation.evaluation_area import EvaluationArea
from postproc.evaluation.matching import Matching, match_landslides
from postproc.evaluation.scores import Counts
from postproc.inventory.layer import Layer, write_geopackage
from postproc.inventory.measures import areas_m2
from postproc.inventory.qgis_style import NOT_COUNTED, match_style
from postproc.masks.product_rasters import open_raster
from postproc.masks.zonal_statistics import zonal_statistics
from postproc.reference.reference import visible


def partner_ids(rows: np.ndarray, others: np.ndarray, ids: np.ndarray, total: int) -> np.ndarray:
    """List the ids of every landslide's partners.

    Args:
        rows: row of the landslide of every pair.
        others: row of its partner.
        ids: ids of the partners' table.
        total: number of landslides.

    Returns:
        Ids joined by commas, an empty text without any, shape (total,).
    """
    order = np.argsort(rows, kind='stable')
    names = ids[others[order]].astype(str).tolist()
    ends = np.cumsum(np.bincount(rows, minlength=total)).tolist()
    lists = [','.join(names[begin:end]) for begin, end in pairwise((0, *ends))]
    return np.array(lists, dtype=object)


def write_match_layers(
    path: Path, layers: Mapping[str, gpd.GeoDataFrame], provenance: Mapping[str, Any]
) -> None:
    """Write a GeoPackage, with styles that QGIS finds there.

    Args:
        path: the file; it appears when it is complete.
        layers: tables by the names of their layers, ``predicted`` and ``reference``.
        provenance: plain JSON values for the layers' metadata.

    Raises:
        OutputError: if the disk refuses.
    """
    with whole_file(path) as part:
        written = [Layer(name, name, table) for name, table in layers.items()]
        write_geopackage(written, part, json.dumps(dict(provenance)), match_style)


@dataclass(frozen=True)
class LandslideComparison:
    """The fate of every landslide.

    Args:
        matching: who shares area with whom.
        hit: predicted landslides that are right, shape (predicted,).
        found: reference landslides that were found, shape (reference,).
        predicted_counts: predicted landslides that count: they lie in the evaluation area, and
            not only where the reference knows nothing.
        reference_counts: reference landslides that lie in the evaluation area.
    """

    matching: Matching
    hit: np.ndarray
    found: np.ndarray
    predicted_counts: np.ndarray
    reference_counts: np.ndarray

    @property
    def counts(self) -> Counts:
        """TP and FP are predicted landslides, FN reference landslides (Table 5)."""
        return Counts(
            int((self.hit & self.predicted_counts).sum()),
            int((~self.hit & self.predicted_counts).sum()),
            int((~self.found & self.reference_counts).sum()),
        )

    @property
    def splits(self) -> int:
        """Reference landslides that lie in several predicted ones."""
        return int((self.reference_counts & (self.matching.partners[1] > 1)).sum())

    @property
    def merges(self) -> int:
        """Predicted landslides that lie on several reference ones."""
        return int((self.predicted_counts & (self.matching.partners[0] > 1)).sum())

    def tables(
        self, predicted: gpd.GeoDataFrame, reference: gpd.GeoDataFrame
    ) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers ``predicted`` and ``reference``, one landslide a row.

        Fields: ``id``, that of the landslide in its own table or else its number; ``status``,
        which is TP, FP, FN or 'not counted', where TP means right or found; ``overlap_share``,
        the part of its area that the others cover; ``best_iou``; ``partners`` and
        ``partner_ids``, with whom it shares area; ``area_m2``.
        """
        pairs = self.matching.predicted_rows, self.matching.reference_rows
        shares = self.matching.predicted_share, self.matching.reference_share
        rights = (self.hit, self.predicted_counts), (self.found, self.reference_counts)
        tables = predicted, reference
        ids = [_ids(table) for table in tables]
        layers = {}
        for one, name, wrong in ((0, 'predicted', 'FP'), (1, 'reference', 'FN')):
            right, counts = rights[one]
            status = np.where(counts, np.where(right, 'TP', wrong), NOT_COUNTED)
            fields = {
                'id': ids[one],
                'status': status,
                'overlap_share': shares[one],
                'best_iou': self.matching.best_iou[one],
                'partners': self.matching.partners[one],
                'partner_ids': partner_ids(
                    pairs[one], pairs[1 - one], ids[1 - one], len(tables[one])
                ),
                'area_m2': areas_m2(tables[one]),
            }
            layers[name] = gpd.GeoDataFrame(
                fields, geometry=tables[one].geometry.to_numpy(), crs=tables[one].crs
            )
        return layers


def compare_landslides(
    predicted: np.ndarray,
    reference: np.ndarray,
    grid: RasterGrid,
    *,
    scene: Path | None = None,
    masks: Sequence[Path] = (),
    area: EvaluationArea | None = None,
    min_overlap: float = 0.0,
    overlap: str = 'share',
) -> LandslideComparison:
    """Match landslides and judge each.

    Args:
        predicted: valid polygons in the scene's CRS, shape (predicted,).
        reference: likewise, shape (reference,).
        grid: the scene's grid.
        scene: raster on it with 255 where the scene shows nothing: a predicted landslide that
            touches no other pixel of it is not counted, as the reference has none there.
        masks: rasters on it with 255 where the reference knows nothing: a predicted landslide
            that hits none and lies there only is not counted.
        area: evaluation area; None counts landslides wherever they are. Partners are looked
            for beyond it too, so that its border makes nobody wrong.
        min_overlap: as for ``Matching.agreed``.
        overlap: likewise.

    Raises:
        InputFileError: if a mask is missing or unreadable.
    """
    matching = match_landslides(predicted, reference)
    hit, found = matching.agreed(min_overlap, overlap)
    counts = [
        np.ones(len(landslides), dtype=bool) if area is None else area.counts(landslides)
        for landslides in (predicted, reference)
    ]
    if scene is not None:
        counts[0] &= visible(predicted, [scene])
    if masks:
        counts[0] &= hit | _known(predicted, grid, masks)
    return LandslideComparison(matching, hit, found, *counts)


def _known(geometries: np.ndarray, grid: RasterGrid, masks: Sequence[Path]) -> np.ndarray:
    """Tell which landslides have a pixel on which all masks know something."""
    with ExitStack() as stack:
        datasets = [stack.enter_context(open_raster(path)) for path in masks]

        def known(window: Window) -> list[np.ndarray]:
            return [np.all([mask.read(1, window=window) != NODATA for mask in datasets], axis=0)]

        table = zonal_statistics(geometries, grid, known, ['known'], ['max'])['known']
    return (table['max'] > 0).to_numpy()


def _ids(table: gpd.GeoDataFrame) -> np.ndarray:
    if 'id' in table and table['id'].notna().all() and table['id'].is_unique:
        return table['id'].to_numpy()
    return np.arange(1, len(table) + 1)
