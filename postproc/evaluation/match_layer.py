"""Every landslide with its verdict and its partners, for an analyst to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from postproc.atomic import write_errors, written_beside
from postproc.evaluation.match_style import match_style
from postproc.inventory.formats import WRITE_ERRORS
from postproc.inventory.geopackage import write_geopackage
from postproc.inventory.layer import Layer


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
    with write_errors(path, *WRITE_ERRORS), written_beside(path) as part:
        written = [Layer(name, name, table) for name, table in layers.items()]
        write_geopackage(written, part, json.dumps(dict(provenance)), match_style)
