"""A DEM: is it one that can be used, and do its values look like metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
from rasterio.io import DatasetReader

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.grid import RasterGrid
from postproc.layers.layer_check import check_layer
from postproc.masks.rasters import open_raster

METRES = ('', 'm', 'metre', 'metres', 'meter', 'meters')
# From below the shore of the Dead Sea to above Mount Everest.
PLAUSIBLE_M = (-500.0, 9000.0)
# Side, at most, of the overview from which the range of elevations is judged.
OVERVIEW = 1024


def check_dem(path: Path, grid: RasterGrid) -> None:
    """Refuse a DEM that cannot serve, before the scene is mapped.

    Args:
        path: a raster of one band, elevations in metres, on any grid and in any CRS.
        grid: the scene's grid.

    Raises:
        InputFileError: if it is missing or unreadable.
        RasterFormatError: if it has several bands, no CRS, or says that it is not in metres.
        GridMismatchError: if it lies beside the scene.
    """
    check_layer(path, grid, 'dem')
    with open_raster(path) as dataset:
        unit = _unit(dataset)
    if unit.lower() not in METRES:
        raise RasterFormatError(
            f'the layer {"dem"!r} ({path}) has elevations in {unit!r}; wanted are metres, for '
            f'example from gdal_calc.py --calc="A*0.3048", or set its unit right'
        )


def doubt_elevations(path: Path) -> str | None:
    """Return a warning where elevations are none that metres above the sea can be.

    A DEM rarely says its unit, so metres are taken for granted; feet, millimetres or a nodata
    value that is not declared show by their size. Large rasters are judged by an overview.

    Raises:
        InputFileError: if it is missing or unreadable.
    """
    with open_raster(path) as dataset:
        shape = tuple(min(side, OVERVIEW) for side in dataset.shape)
        stored = dataset.read(1, out_shape=shape, masked=True).astype(float).filled(np.nan)
        values = stored * dataset.scales[0] + dataset.offsets[0]
    values = values[np.isfinite(values)]
    lowest, highest = PLAUSIBLE_M
    if not values.size or (values.min() >= lowest and values.max() <= highest):
        return None
    return (
        f'the DEM {path.name} has elevations from {values.min():g} to {values.max():g}, beyond '
        f'{lowest:g} to {highest:g} m; see that it is in metres and declares its nodata value '
        f'before believing slopes and reliefs'
    )


def _unit(dataset: DatasetReader) -> str:
    """Return the band's vertical unit, from the band or a compound CRS; '' if neither says."""
    if dataset.units[0]:
        return dataset.units[0]
    axes = pyproj.CRS.from_user_input(dataset.crs).axis_info
    return next((axis.unit_name for axis in axes if axis.direction == 'up'), '')
