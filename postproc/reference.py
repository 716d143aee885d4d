"""The inventory that a product is evaluated against, brought onto the scene's grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.errors import RasterioIOError

from dfpenet_mm.errors import GridMismatchError, InputFileError
from postproc.burner import PolygonBurner
from postproc.polygonise import polygonise
from postproc.rasters import NODATA, open_raster, scene_windows
from postproc.reference_raster import check_raster, warp_reference
from postproc.reference_vector import check_vector, read_polygons


@dataclass(frozen=True)
class Reference:
    """A reference inventory on a scene's grid.

    Args:
        regions: one reference landslide a row, in the scene's CRS.
        mask: uint8 raster on the scene's grid with 255 where the reference knows nothing;
            None for a vector, which knows the whole scene.
        ignored: features that were no polygons, or lie where the scene's CRS cannot reach.
        outside: reference landslides without a valid pixel of the scene.
    """

    regions: gpd.GeoDataFrame
    mask: Path | None = None
    ignored: int = 0
    outside: int = 0


def is_raster(path: Path) -> bool:
    """Tell a raster reference from a vector one by opening it.

    Raises:
        InputFileError: if there is no such file.
    """
    if not path.exists():
        raise InputFileError(f'the reference {path} does not exist; check its path')
    try:
        with rasterio.open(path) as dataset:
            return dataset.count > 0
    except RasterioIOError:
        return False


def check_reference(path: Path, *, layer: str | None = None) -> None:
    """Look at a reference's header, so that a bad one is known before the scene is mapped.

    Args:
        path: vector or raster file.
        layer: layer of a vector file; None as for ``read_reference``.

    Raises:
        InputFileError: if it is missing or unreadable.
        RasterFormatError: if a raster has several bands or no CRS.
        VectorFormatError: if a vector has no CRS, no feature or no such layer.
    """
    if is_raster(path):
        check_raster(path)
    else:
        check_vector(path, layer)


def read_reference(
    path: Path, mask: Path, warped: Path, *, layer: str | None = None, landslide_value: int = 1
) -> Reference:
    """Read a reference and keep the landslides that a scene can show.

    Args:
        path: vector or raster file, any CRS; a raster on any grid.
        mask: the scene's mask; its nodata pixels (255) show nothing.
        warped: where a raster reference may be written on the scene's grid.
        layer: layer of a vector file; None takes the only one, or ``landslides``.
        landslide_value: what marks landslides in a raster.

    Returns:
        The reference; at least one landslide has a valid pixel of the scene.

    Raises:
        InputFileError, RasterFormatError, VectorFormatError: as ``check_reference``.
        VectorFormatError: if a vector has no polygon.
        GridMismatchError: if no reference landslide lies on a valid pixel of the scene.
    """
    if is_raster(path):
        warp_reference(path, mask, warped, landslide_value)
        reference = Reference(regions=polygonise(warped), mask=warped)
    else:
        with open_raster(mask) as scene:
            regions, ignored = read_polygons(path, scene.crs, layer)
        reference = Reference(regions=regions, ignored=ignored)
    seen = _on_valid_pixels(reference.regions, mask)
    if not seen.any():
        raise GridMismatchError(
            f'none of the {len(seen)} landslides of the reference {path} on this grid lies on a '
            f'valid pixel of the scene {mask}; give the reference of this place, and check '
            f'its CRS and its landslide value'
        )
    regions = reference.regions[seen].reset_index(drop=True)
    return replace(reference, regions=regions, outside=int((~seen).sum()))


def _on_valid_pixels(regions: gpd.GeoDataFrame, mask: Path) -> np.ndarray:
    geometries = regions.geometry.to_numpy()
    seen = np.zeros(len(geometries), dtype=bool)
    with open_raster(mask) as scene:
        # Every touched pixel counts: a landslide smaller than a pixel has no centre inside.
        burner = PolygonBurner(geometries, scene.transform, all_touched=True)
        for window in scene_windows(scene.shape):
            labels, rows = burner.labels(window)
            if rows.size:
                valid = scene.read(1, window=window) != NODATA
                visible = np.unique(labels[valid & (labels > 0)])
                seen[rows[visible - 1]] = True
            # A landslide may be hidden by a later one that overlaps it: look at it alone.
            for row in rows[~seen[rows]]:
                alone = PolygonBurner(geometries[[row]], scene.transform, all_touched=True)
                seen[row] = (alone.inside(window) & valid).any()
    return seen
