"""The points of an audit in a file: written with a form to fill in, and read back, checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj.exceptions import ProjError

from dfpenet_mm.audit.estimators import AuditError
from dfpenet_mm.audit.form import audit_style
from dfpenet_mm.audit.sample import MapStratum, SampledPixel, StratumName
from dfpenet_mm.errors import InputFileError, VectorFormatError, brief
from dfpenet_mm.files import read_errors, whole_file
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.polygons import READ_ERRORS
from dfpenet_mm.vocabulary import AUDIT, COMMENT, REVIEWED_AT, REVIEWER, VERDICT, Judgement
from dfpenet_mm.wording import counted
from postproc.inventory.layer import GEOMETRY_COLUMN, STYLE_TABLE, Layer, style_table

FILE = f'{AUDIT}.gpkg'
STRATA = 'audit_strata'
ANEW = 'draw the sample anew with landslide-map audit draw'
PLACE = ('visit_order', 'stratum', 'row', 'col')


def write_points(
    path: Path, grid: RasterGrid, strata: Sequence[MapStratum], sample: Sequence[SampledPixel]
) -> None:
    """Write the points of a sample, without verdicts, and what each stands for.

    Args:
        path: GeoPackage to write: the layer ``audit`` of points in the CRS of the scene, the
            table ``audit_strata``, and a style with a form that QGIS finds in the file.
        grid: of the map.
        strata: of the map.
        sample: its pixels.

    Raises:
        OutputError: if the disk refuses.
    """
    sizes = {stratum.name: stratum.pixels for stratum in strata}
    drawn = pd.Series([pixel.stratum for pixel in sample]).value_counts()
    points = gpd.GeoDataFrame(
        {
            'visit_order': [pixel.order for pixel in sample],
            'round': [pixel.round for pixel in sample],
            VERDICT: pd.Series([None] * len(sample), dtype='str'),
            COMMENT: pd.Series([None] * len(sample), dtype='str'),
            REVIEWER: pd.Series([None] * len(sample), dtype='str'),
            REVIEWED_AT: pd.Series([None] * len(sample), dtype='str'),
            'stratum': [str(pixel.stratum) for pixel in sample],
            'stratum_pixels': [sizes[pixel.stratum] for pixel in sample],
            'stratum_points': [int(drawn[pixel.stratum]) for pixel in sample],
            'row': [pixel.row for pixel in sample],
            'col': [pixel.col for pixel in sample],
        },
        geometry=[
            shapely.Point(grid.transform @ (pixel.col + 0.5, pixel.row + 0.5)) for pixel in sample
        ],
        crs=grid.crs,
    )
    table = pd.DataFrame(
        {
            'stratum': [str(stratum.name) for stratum in strata],
            'pixels': [stratum.pixels for stratum in strata],
            'area_m2': [stratum.area_m2 for stratum in strata],
            'points': [int(drawn.get(stratum.name, 0)) for stratum in strata],
            'mean_probability': [stratum.mean_probability for stratum in strata],
        }
    ).astype({'mean_probability': float})
    names = [name for name in points if name != points.geometry.name]
    styles = style_table([Layer(AUDIT, AUDIT, points)], lambda *_: audit_style(names))
    with whole_file(path, durable=True) as part:
        pyogrio.write_dataframe(
            points,
            part,
            layer=AUDIT,
            driver='GPKG',
            geometry_type='Point',
            layer_options={'GEOMETRY_NAME': GEOMETRY_COLUMN, 'FID': 'fid'},
        )
        pyogrio.write_dataframe(table, part, layer=STRATA, driver='GPKG')
        options = {'FID': 'id', 'DATETIME_PRECISION': 'MILLISECOND'}
        pyogrio.write_dataframe(
            styles, part, layer=STYLE_TABLE, driver='GPKG', layer_options=options
        )


def read_points(path: Path, grid: RasterGrid) -> tuple[gpd.GeoDataFrame, list[MapStratum]]:
    """Read the points of a sample with the verdicts on them.

    Args:
        path: as an analyst left it; the layer may be in any CRS.
        grid: of the map.

    Returns:
        The points that were drawn and are still there, with ``verdict`` as a ``Judgement`` or
        None, and the strata they were drawn from.

    Raises:
        InputFileError, VectorFormatError, AuditError: one sentence on what cannot be used.
    """
    if not path.is_file():
        raise InputFileError(f'{path} is missing; {ANEW}')
    with read_errors(path, *READ_ERRORS, advice=ANEW):
        names = set(pyogrio.list_layers(path)[:, 0])
        if not {AUDIT, STRATA} <= names:
            raise VectorFormatError(
                f'{path} lacks the layer {AUDIT} or the table {STRATA}; restore them, or {ANEW}'
            )
        points = pyogrio.read_dataframe(path, layer=AUDIT)
        table = pyogrio.read_dataframe(path, layer=STRATA)
    missing = [name for name in (VERDICT, *PLACE) if name not in points]
    missing += [name for name in ('stratum', 'pixels', 'area_m2', 'points') if name not in table]
    if missing:
        raise VectorFormatError(
            f'{path} lacks the column {missing[0]}, in which the sample is told; restore it, or '
            f'{ANEW}'
        )
    # A point that somebody added was not drawn at random.
    points = points[points[list(PLACE)].notna().all(axis=1)].reset_index(drop=True)
    strata = [_stratum(row, path) for row in table.to_dict('records')]
    _check_strata(points, strata, path)
    _check_places(points, grid, path)
    return points.assign(**{VERDICT: _verdicts(points, path)}), strata


def _stratum(row: dict, path: Path) -> MapStratum:
    try:
        name, pixels = StratumName(row['stratum']), int(row['pixels'])
    except (TypeError, ValueError):
        raise VectorFormatError(
            f'the table {STRATA} of {path} was changed: {row["stratum"]!r} with {row["pixels"]!r} '
            f'pixels is no part of a map; {ANEW}'
        ) from None
    return MapStratum(name, pixels, float(row['area_m2']), row.get('mean_probability'))


def _check_strata(points: gpd.GeoDataFrame, strata: Sequence[MapStratum], path: Path) -> None:
    known = {str(stratum.name) for stratum in strata}
    strange = points[~points['stratum'].isin(known)]
    if len(strange):
        raise VectorFormatError(
            f'point {strange["visit_order"].iloc[0]:.0f} of {path} is of the stratum '
            f'{strange["stratum"].iloc[0]!r}; wanted is one of {", ".join(sorted(known))}: put it '
            f'back, or {ANEW}'
        )
    twice = points[points.duplicated(['row', 'col'])]
    if len(twice):
        raise VectorFormatError(
            f'point {twice["visit_order"].iloc[0]:.0f} of {path} is there twice; delete one of '
            f'the two'
        )


def _check_places(points: gpd.GeoDataFrame, grid: RasterGrid, path: Path) -> None:
    """Refuse points that are no longer where they were drawn: others are no random sample."""
    if points.crs is None:
        raise VectorFormatError(
            f'the layer {AUDIT} of {path} has no CRS; assign it the one it was drawn in'
        )
    try:
        there = points.geometry.to_crs(grid.crs)
    except (ProjError, ValueError) as error:
        raise VectorFormatError(
            f'the layer {AUDIT} of {path} cannot be brought into the CRS of the scene '
            f'({brief(error)}); assign it the one it was drawn in'
        ) from error
    inside = shapely.get_type_id(there.to_numpy()) == shapely.GeometryType.POINT
    xs, ys = (
        np.where(inside, shapely.get_x(there), np.nan),
        np.where(inside, shapely.get_y(there), np.nan),
    )
    xs = xs + np.array([grid.turns_to(x) if np.isfinite(x) else 0.0 for x in xs])
    cols, rows = ~grid.transform @ (xs, ys)
    far = np.hypot(
        cols - points['col'].to_numpy(float) - 0.5, rows - points['row'].to_numpy(float) - 0.5
    )
    # A hundredth is lost where a layer was saved in another CRS.
    moved = ~(far < 0.75)
    if not moved.any():
        return
    first = int(np.flatnonzero(moved)[0])
    number = f'point {points["visit_order"].iloc[first]:.0f}'
    if moved.mean() > 0.5:
        raise AuditError(
            f'{counted(int(moved.sum()), "point")} of {path} do not lie where they were drawn on '
            f'this map; the file is that of another map, or its CRS is wrong: {ANEW}'
        )
    off = not (0 <= cols[first] < grid.shape[1] and 0 <= rows[first] < grid.shape[0])
    raise AuditError(
        f'{number} of {path} was moved {"off the scene" if off else "to another pixel"}; put it '
        f'back or delete it, as only what was drawn at random can be counted'
    )


def _verdicts(points: gpd.GeoDataFrame, path: Path) -> list[Judgement | None]:
    verdicts: list[Judgement | None] = []
    for order, cell in zip(points['visit_order'], points[VERDICT], strict=True):
        word = '' if pd.isna(cell) else ' '.join(str(cell).lower().split())
        try:
            verdicts.append(Judgement(word) if word else None)
        except ValueError:
            raise VectorFormatError(
                f'point {order:.0f} of {path} has the verdict {cell!r}; wanted is one of '
                f'{", ".join(Judgement)}, or nothing'
            ) from None
    return verdicts


def has_verdicts(path: Path) -> bool:
    """Tell whether an earlier sample holds work that would be lost; a broken file may."""
    try:
        points = pyogrio.read_dataframe(path, layer=AUDIT, columns=[VERDICT], read_geometry=False)
    except READ_ERRORS:
        return True
    if VERDICT not in points:
        return True
    return bool(points[VERDICT].notna().any())
