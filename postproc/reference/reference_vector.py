"""Landslides of a vector file, in any CRS: one a feature."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from rasterio.crs import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dfpenet_mm.errors import VectorFormatError
from dfpenet_mm.polygons import Polygons, read_polygons
from dfpenet_mm.wording import counted

# Parts of one record that are no farther apart than this share of their coordinates touch: the
# two halves of a landslide cut at the antimeridian meet again to the last digits only.
ROUNDING = 1e-9
# A layer whose features have so many separate parts on average was dissolved: an analyst who
# edits an inventory joins two or three.
DISSOLVED_PARTS = 10


@dataclass(frozen=True)
class Landslides:
    """An inventory as it is counted.

    Args:
        table: one landslide a row, a valid polygon or multipolygon, with the columns ``fid``,
            its record's number in the file, and ``id`` if the file has it.
        ignored: features that are no polygons, empty, or where the CRS wanted cannot reach.
        notes: what was not taken as it stands in the file, a sentence each.
    """

    table: gpd.GeoDataFrame
    ignored: int
    notes: tuple[str, ...] = ()


def read_landslides(
    path: Path,
    crs: CRS | None,
    layer: str | None = None,
    *,
    role: str = 'reference',
    may_be_empty: bool = False,
    center_x: float | None = None,
) -> Landslides:
    """Read the landslides of a vector file into a scene's CRS.

    A landslide is a feature, as in the report and the statistics of a run: a multipolygon that an
    analyst made of two polygons is one. Where features are no landslides, as the layer has a
    single one or was dissolved, each of their connected parts is. Of features with the very same
    outline one counts.

    Args:
        path: as for ``read_polygons``.
        crs: the CRS wanted; None for the file's own.
        layer: as for ``read_polygons``.
        role: likewise.
        may_be_empty: likewise.
        center_x: as for ``Polygons.in_crs``.

    Raises:
        InputFileError, VectorFormatError: as ``read_polygons``, and if ``crs`` can show none.
    """
    polygons = read_polygons(path, role, layer, may_be_empty=may_be_empty)
    crs = crs or CRS.from_user_input(polygons.shapes.crs)
    parts = polygons.in_crs(crs, center_x)
    shown = ~shapely.is_empty(parts)
    if polygons.features and not shown.any():
        raise VectorFormatError(
            f'the {role} {path}, layer {polygons.layer}, has '
            f'{counted(polygons.features, "feature")} but no polygon that can be shown in the CRS '
            f'of the scene; give an inventory of this place'
        )
    parts, record = parts[shown], polygons.records[shown]
    ignored = polygons.features - len(np.unique(record))
    notes = []
    if ignored:
        notes.append(
            f'{counted(ignored, "feature")} of the {role} {path.name} could not be evaluated: no '
            f'polygon, or beyond the CRS of the scene'
        )
    shapes, record, dissolved = _landslides(parts, record, polygons.features)
    if dissolved:
        notes.append(
            f'the {role} {path.name} has {len(shapes)} separate areas in '
            f'{counted(polygons.features, "feature")}: each area counts as a landslide'
        )
    once = _once(shapes)
    if len(once) < len(shapes):
        notes.append(
            f'{counted(len(shapes) - len(once), "landslide")} of the {role} {path.name} left out, '
            f'with the very outline of another one'
        )
    return Landslides(_table(polygons, shapes[once], record[once], crs), ignored, tuple(notes))


def _table(
    polygons: Polygons, shapes: np.ndarray, record: np.ndarray, crs: CRS
) -> gpd.GeoDataFrame:
    fields = {'fid': polygons.fids[record]}
    if polygons.ids is not None:
        fields['id'] = polygons.ids[record]
    return gpd.GeoDataFrame(fields, geometry=shapes, crs=crs)


def _landslides(
    parts: np.ndarray, record: np.ndarray, features: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Join parts to landslides; returns these, the record of each, and if it was dissolved."""
    records = len(np.unique(record))
    if records == len(parts):
        return parts, record, False
    count, landslide = _connected(parts, record)
    dissolved = count > 1 if features == 1 else count >= DISSOLVED_PARTS * records
    if not dissolved:
        landslide = np.unique(record, return_inverse=True)[1]
    order = np.argsort(landslide, kind='stable')
    joined = shapely.geometrycollections(parts[order], indices=landslide[order])
    _, first = np.unique(landslide, return_index=True)
    return shapely.union_all(joined[:, np.newaxis], axis=1), record[first], dissolved


def _connected(parts: np.ndarray, record: np.ndarray) -> tuple[int, np.ndarray]:
    """Count the groups of parts of one record that touch; returns the number of each part's."""
    near = ROUNDING * float(np.abs(shapely.total_bounds(parts)).max())
    one, other = shapely.STRtree(parts).query(parts, predicate='dwithin', distance=near)
    same = record[one] == record[other]
    links = coo_array((np.ones(same.sum()), (one[same], other[same])), shape=(len(parts),) * 2)
    return connected_components(links, directed=False)


def _once(shapes: np.ndarray) -> np.ndarray:
    """Return the rows of outlines without those that repeat an earlier one."""
    outlines = shapely.to_wkb(shapely.normalize(shapes))
    return np.sort(np.unique(outlines, return_index=True)[1])
