"""Rasters opened for reading, and refused unless they lie on Earth in a CRS that outputs keep."""

from __future__ import annotations

import math
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from affine import Affine
from pyproj.exceptions import ProjError
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile

from dfpenet_mm.errors import InputFileError, RasterFormatError, brief
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.source_files import gdal_name, raster_sources, require_file
from dfpenet_mm.validity import open_unhidden
from dfpenet_mm.vocabulary import WGS84
from dfpenet_mm.wording import counted, metres

# Sides of a pixel that imagery may have, metres: from a macro lens to a weather satellite. What
# lies outside is in other units than its CRS says.
PIXEL_SIZES = (1e-3, 1e4)
# Past the antimeridian longitudes may run on; latitudes end at the poles.
DEGREES = (360.0, 90.0)
ROUNDING = 1e-9
# A Sentinel-2 product lists four rasters, a weather model hundreds.
NAMES_SHOWN = 6


def open_raster(path: Path, what: str | None = None) -> DatasetReader:
    """Open a raster for reading; one alone in a zip archive too.

    Args:
        path: file, or a name of GDAL's.
        what: how a sentence about it begins; None for its path.

    Raises:
        InputFileError: if it is missing, GDAL cannot read it, or it is a mosaic of itself.
        RasterFormatError: if it holds several rasters, or none.
    """
    what = what or str(path)
    require_file(path, what)
    name = gdal_name(path)
    try:
        with warnings.catch_warnings():
            # check_georeference says it in words that help.
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            dataset = _open(name)
    except (RasterioError, UnicodeError) as error:
        raise InputFileError(
            f'{what} cannot be read as a raster ({brief(error)}); {_advice(name)}'
        ) from error
    if dataset.driver == 'VRT':
        raster_sources(dataset)  # refuses a loop
    if not dataset.count:
        with dataset:
            raise RasterFormatError(_no_bands(what, dataset.subdatasets))
    return dataset


def check_georeference(dataset: DatasetReader) -> None:
    """Raise unless the raster says where it lies, as a scene that is mapped must.

    Raises:
        RasterFormatError: without a usable transform, without a projected or geographic CRS,
            if the two contradict each other, or if no GeoTIFF can keep the CRS.
    """
    check_placed(dataset, dataset.name)
    _check_place(dataset)
    _check_pixel_size(dataset)
    _check_kept(dataset)


def check_placed(dataset: DatasetReader, what: str) -> None:
    """Raise unless the raster can be read on another one's grid, as a layer must.

    Args:
        dataset: the raster.
        what: how a sentence about it begins, such as ``the reference a.tif``.

    Raises:
        RasterFormatError: without a usable transform, or without a CRS that leads to longitudes
            and latitudes on Earth.
    """
    a, b, _, d, e, _ = values = tuple(dataset.transform)[:6]
    area = a * e - b * d
    if dataset.transform.is_identity or not all(map(math.isfinite, values)) or area == 0:
        raise RasterFormatError(
            f'{what} has no georeference (its transform is {values}); georeference it, '
            f'or warp it by its control points with gdalwarp'
        )
    if not dataset.crs:
        raise RasterFormatError(
            f'{what} has no CRS, so it has no place; assign the right one with gdal_edit.py '
            f'-a_srs EPSG:CODE'
        )
    fault = crs_fault(dataset.crs)
    if fault:
        raise RasterFormatError(
            f'{what} {fault}; export it in another one, assign the right one with gdal_edit.py '
            f'-a_srs EPSG:CODE, or warp it to a common one with gdalwarp -t_srs EPSG:CODE'
        )


def crs_fault(crs: CRS | pyproj.CRS) -> str | None:
    """Say why a CRS leads to no place on Earth.

    Returns:
        How a sentence goes on, such as ``is in CRS ..., which ...``; None for one that serves.
    """
    try:
        own = pyproj.CRS.from_user_input(crs)
        if not (own.is_projected or own.is_geographic):
            return (
                f'is in {_name(crs)}, which is neither projected nor geographic and does not lead '
                f'to places on the map'
            )
        pyproj.Transformer.from_crs(own, WGS84, always_xy=True)
    except ProjError as error:
        return f'is in {_name(crs)}, which leads to no longitudes and latitudes ({brief(error)})'
    return None


def _check_place(dataset: DatasetReader) -> None:
    """Look up the centre and the middles of the corner pixels in degrees."""
    cols, rows = dataset.width, dataset.height
    pixels = [(0.5, 0.5), (cols - 0.5, 0.5), (0.5, rows - 0.5), (cols - 0.5, rows - 0.5)]
    places = [dataset.transform @ pixel for pixel in [*pixels, (cols / 2, rows / 2)]]
    xs, ys = np.transpose(places)
    # What a geographic CRS is given it may wrap or pass on, so its own numbers count.
    degrees = [(xs, ys)] if dataset.crs.is_geographic else []
    own = pyproj.CRS.from_user_input(dataset.crs)
    to_degrees = pyproj.Transformer.from_crs(own, WGS84, always_xy=True)
    degrees.append(to_degrees.transform(xs, ys))
    limits = np.array(DEGREES) + ROUNDING
    # inf and NaN fail too.
    if not all((np.abs(np.transpose(pairs)) <= limits).all() for pairs in degrees):
        raise RasterFormatError(
            f'{dataset.name} reaches from {places[0]} to {places[3]}, which is no place on '
            f'Earth in its {_name(dataset.crs)}; assign the CRS that its coordinates are in with '
            f'gdal_edit.py -a_srs EPSG:CODE, or cut it with gdalwarp -te to where the CRS is '
            f'defined'
        )


def _check_pixel_size(dataset: DatasetReader) -> None:
    try:
        sizes = RasterGrid.from_dataset(dataset).pixel_size
    except ProjError:
        sizes = (math.nan, math.nan)
    low, high = PIXEL_SIZES
    if not all(low <= size <= high for size in sizes):
        raise RasterFormatError(
            f'{dataset.name} has pixels of {metres(sizes[0])} x {metres(sizes[1])} m in its '
            f'{_name(dataset.crs)}, wanted are sides of 1 mm to 10 km; its coordinates are in '
            f'other units, such as degrees in a CRS in metres: assign the right CRS with '
            f'gdal_edit.py -a_srs EPSG:CODE'
        )


def _check_kept(dataset: DatasetReader) -> None:
    """Write a pixel in memory and look whether it is where it was."""
    grid = RasterGrid.from_dataset(dataset)
    profile = {'width': 1, 'height': 1, 'count': 1, 'dtype': 'uint8'}
    place = {'crs': grid.crs, 'transform': Affine.translation(*grid.center) @ Affine.scale(1, -1)}
    try:
        # Products move, and an .aux.xml beside them would be left behind.
        with rasterio.Env(GDAL_PAM_ENABLED=False), MemoryFile() as file:
            with file.open(driver='GTiff', **profile, **place) as written:
                written.write(np.zeros((1, 1, 1), np.uint8))
            with file.open() as read:
                kept = read.crs == grid.crs or _same_place(grid, read.crs)
    except (RasterioError, ProjError):
        kept = False
    if not kept:
        raise RasterFormatError(
            f'{dataset.name} is in {_name(dataset.crs)}, which no GeoTIFF can keep, and so no map '
            f'of it; warp it to a common one with gdalwarp -t_srs EPSG:CODE'
        )


def _same_place(grid: RasterGrid, crs: CRS | None) -> bool:
    if not crs:
        return False
    there = pyproj.Transformer.from_crs(
        pyproj.CRS.from_user_input(grid.crs), pyproj.CRS.from_user_input(crs), always_xy=True
    )
    apart = np.subtract(there.transform(*grid.center), grid.center)
    step = math.hypot(*(grid.transform @ (1, 1) - np.array(grid.transform @ (0, 0))))
    return bool(np.abs(apart).max() <= step * 1e-3)


def _name(crs: CRS | pyproj.CRS) -> str:
    text = crs.to_string()
    return f'CRS {text}' if len(text) <= 60 else f'CRS {text[:57]}...'


def _open(name: str) -> DatasetReader:
    try:
        return open_unhidden(name)
    except RasterioError:
        if not zipfile.is_zipfile(name):
            raise
        return open_unhidden(f'/vsizip/{name}')


def _advice(name: str) -> str:
    if zipfile.is_zipfile(name):
        with zipfile.ZipFile(name) as archive:
            inside = [f'/vsizip/{name}/{file}' for file in archive.namelist() if file[-1] != '/']
        return f'name the raster in the archive: {_listed(inside)}'
    return 'check it with gdalinfo, and copy or download it again'


def _no_bands(what: str, inside: list[str]) -> str:
    if not inside:
        return f'{what} has no band; give a raster that has one'
    return f'{what} holds {counted(len(inside), "raster")}; name one of them: {_listed(inside)}'


def _listed(names: list[str]) -> str:
    more = f' and {len(names) - NAMES_SHOWN} more' if len(names) > NAMES_SHOWN else ''
    return ', '.join(names[:NAMES_SHOWN]) + more
