"""The check of a DEM, and the unit of its elevations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
from rasterio.io import DatasetReader
from rasterio.windows import Window

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.files import read_errors
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.validity import ValidityRule
from postproc.masks.product_rasters import open_raster
from postproc.masks.warped_layer import WarpedLayer, check_layer

# Name of the layer of elevations among a product's.
DEM = 'dem'
FOOT, SURVEY_FOOT = 0.3048, 1200 / 3937
# Metres of the units that rasters and vertical reference systems name.
UNITS = {
    **dict.fromkeys(('', 'm', 'metre', 'metres', 'meter', 'meters'), 1.0),
    **dict.fromkeys(('ft', 'foot', 'feet', 'international foot', 'international feet'), FOOT),
    **dict.fromkeys(('us-ft', 'us_ft', 'ftus', 'ft_us', 'us-foot', 'us foot'), SURVEY_FOOT),
    **dict.fromkeys(('us survey foot', 'us survey feet', 'foot_us', 'us_survey_foot'), SURVEY_FOOT),
}
# From below the shore of the Dead Sea to above Mount Everest.
PLAUSIBLE_M = (-500.0, 9000.0)
# What no height on Earth comes near, in any unit: a fill value.
ABSURD = 1e6
# Side, at most, of the overview from which the range of elevations is judged.
OVERVIEW = 1024


def check_dem(path: Path, grid: RasterGrid) -> None:
    """Refuse a DEM that cannot serve, before the scene is mapped.

    Args:
        path: a raster of one band, elevations in metres or, if it says so, in feet, on any grid
            and in any CRS.
        grid: the scene's grid.

    Raises:
        InputFileError: if it is missing or unreadable.
        RasterFormatError: if it has several bands, no CRS, says that it is in neither metres
            nor feet, or holds a fill value that it does not declare.
        GridMismatchError: if it lies beside the scene.
    """
    check_layer(path, grid, DEM)
    with open_raster(path) as dataset:
        metres_per_unit(dataset)
        values = _overview(dataset)
    absurd = values[np.abs(values) > ABSURD]
    if absurd.size:
        raise RasterFormatError(
            f'the layer {DEM!r} ({path}) holds {absurd[0]:.6g}, which is no elevation and not '
            f'declared as nodata; declare it with gdal_edit.py -a_nodata VALUE'
        )


def metres_per_unit(dataset: DatasetReader) -> float:
    """Return the metres of one unit of an open DEM's elevations; 1 where nothing is said.

    Raises:
        RasterFormatError: if the band or a vertical CRS names another unit than metres or feet.
    """
    unit = _unit(dataset)
    if unit.lower() not in UNITS:
        raise RasterFormatError(
            f'the layer {DEM!r} ({dataset.name}) has elevations in {unit!r}; wanted are metres '
            f'or feet: convert it with gdal_calc.py, or set its unit right with gdal_edit.py '
            f'-units m'
        )
    return UNITS[unit.lower()]


class ElevationLayer(WarpedLayer):
    """A DEM resampled to a grid window by window, in metres.

    Args:
        path: the DEM, as ``check_dem`` accepts it.
        grid: the scene's grid.

    Raises:
        InputFileError: if it is missing, or cannot be brought onto the grid.
    """

    def __init__(self, path: Path, grid: RasterGrid) -> None:
        super().__init__(path, grid)
        with open_raster(path) as dataset:
            self._factor = metres_per_unit(dataset)

    def read(self, window: Window) -> list[np.ndarray]:
        """Return the elevations in a window of the grid, float64 (rows, cols), NaN without data.

        Raises:
            InputFileError: if the raster breaks off.
        """
        return [self._factor * band for band in super().read(window)]


def doubt_elevations(path: Path) -> str | None:
    """Return a warning where elevations are none that metres above the sea can be.

    A DEM rarely says its unit, so metres are taken for granted; millimetres or a nodata
    value that is not declared show by their size, and feet may show by a grid that is in feet.
    Large rasters are judged by an overview.

    Raises:
        InputFileError: if it is missing or unreadable.
    """
    with open_raster(path) as dataset:
        values = _overview(dataset) * metres_per_unit(dataset)
        crs, silent = pyproj.CRS.from_user_input(dataset.crs), not _unit(dataset)
    lowest, highest = PLAUSIBLE_M
    if values.size and (values.min() < lowest or values.max() > highest):
        return (
            f'the DEM {path.name} has elevations from {values.min():g} to {values.max():g}, beyond '
            f'{lowest:g} to {highest:g} m; see that it is in metres and declares its nodata value '
            f'before believing slopes and reliefs'
        )
    horizontal = crs.axis_info[0].unit_name if crs.axis_info else ''
    if silent and UNITS.get(horizontal.lower()) in (FOOT, SURVEY_FOOT):
        return (
            f'the DEM {path.name} lies on a grid in feet ({horizontal}) and does not say the unit '
            f'of its elevations, which were taken for metres; if they are feet, slopes and reliefs '
            f'are wrong: say so with gdal_edit.py -units ft (or -units m) and map again'
        )
    return None


def _overview(dataset: DatasetReader) -> np.ndarray:
    """Return elevations of cells all over a DEM, shape (cells,), in its own unit.

    Raises:
        InputFileError: if the raster breaks off.
    """
    shape = tuple(min(side, OVERVIEW) for side in dataset.shape)
    with read_errors(dataset.name, advice='it is damaged or incomplete: copy or download it again'):
        stored = dataset.read([1], out_shape=(1, *shape))
        valid = ValidityRule.of(dataset, (1,)).read(dataset, stored, out_shape=shape)
    return stored[0][valid].astype(float) * dataset.scales[0] + dataset.offsets[0]


def _unit(dataset: DatasetReader) -> str:
    """Return the band's vertical unit, from the band or a compound CRS; '' if neither says."""
    if dataset.units[0]:
        return dataset.units[0]
    axes = pyproj.CRS.from_user_input(dataset.crs).axis_info
    return next((axis.unit_name for axis in axes if axis.direction == 'up'), '')
