"""Whether a raster says where on Earth it lies, in a way that lengths can be measured by."""

from __future__ import annotations

import math

import numpy as np
import pyproj
from pyproj.exceptions import ProjError
from rasterio.io import DatasetReader

from dfpenet_mm.errors import RasterFormatError
from dfpenet_mm.grid import RasterGrid

# Sides of a pixel that imagery may have, metres: from a macro lens to a weather satellite. What
# lies outside is in other units than its CRS says.
PIXEL_SIZES = (1e-3, 1e4)
# Past the antimeridian longitudes may run on; latitudes end at the poles.
DEGREES = (360.0, 90.0)
ROUNDING = 1e-9


def check_georeference(dataset: DatasetReader) -> None:
    """Raise unless the raster says where it lies.

    Raises:
        RasterFormatError: without a usable transform, without a projected or geographic CRS,
            or if the two contradict each other.
    """
    _check_transform(dataset)
    _check_crs(dataset)
    _check_place(dataset)
    _check_pixel_size(dataset)


def _check_transform(dataset: DatasetReader) -> None:
    a, b, _, d, e, _ = values = tuple(dataset.transform)[:6]
    area = a * e - b * d
    if dataset.transform.is_identity or not all(map(math.isfinite, values)) or area == 0:
        raise RasterFormatError(
            f'{dataset.name} has no georeference (its transform is {values}); georeference it, '
            f'or warp it by its control points with gdalwarp'
        )


def _check_crs(dataset: DatasetReader) -> None:
    if not dataset.crs:
        raise RasterFormatError(
            f'{dataset.name} has no coordinate reference system; assign the right one with '
            f'gdal_edit.py -a_srs EPSG:CODE'
        )
    if not (dataset.crs.is_projected or dataset.crs.is_geographic):
        raise RasterFormatError(
            f'{dataset.name} is in {_name(dataset)}, which is neither projected nor geographic '
            f'and does not lead to places on the map; export it in another one, or assign the '
            f'right one with gdal_edit.py -a_srs EPSG:CODE'
        )


def _check_place(dataset: DatasetReader) -> None:
    """Look up the centre and the middles of the corner pixels in degrees."""
    cols, rows = dataset.width, dataset.height
    pixels = [(0.5, 0.5), (cols - 0.5, 0.5), (0.5, rows - 0.5), (cols - 0.5, rows - 0.5)]
    places = [dataset.transform @ pixel for pixel in [*pixels, (cols / 2, rows / 2)]]
    xs, ys = np.transpose(places)
    # What a geographic CRS is given it may wrap or pass on, so its own numbers count.
    degrees = [(xs, ys)] if dataset.crs.is_geographic else []
    try:
        own = pyproj.CRS.from_user_input(dataset.crs)
        to_degrees = pyproj.Transformer.from_crs(own, 'EPSG:4326', always_xy=True)
        degrees.append(to_degrees.transform(xs, ys))
    except ProjError as error:
        raise RasterFormatError(
            f'{dataset.name} is in {_name(dataset)}, which leads to no longitudes and latitudes '
            f'({error}); warp it to a common one with gdalwarp -t_srs EPSG:CODE'
        ) from error
    limits = np.array(DEGREES) + ROUNDING
    # inf and NaN fail too.
    if not all((np.abs(np.transpose(pairs)) <= limits).all() for pairs in degrees):
        raise RasterFormatError(
            f'{dataset.name} reaches from {places[0]} to {places[3]}, which is no place on '
            f'Earth in its {_name(dataset)}; assign the CRS that its coordinates are in with '
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
            f'{dataset.name} has pixels of {sizes[0]:.3g} x {sizes[1]:.3g} m in its '
            f'{_name(dataset)}, wanted are sides of 1 mm to 10 km; its coordinates are in other '
            f'units, such as degrees in a CRS in metres: assign the right CRS with gdal_edit.py '
            f'-a_srs EPSG:CODE'
        )


def _name(dataset: DatasetReader) -> str:
    text = dataset.crs.to_string()
    return f'CRS {text}' if len(text) <= 60 else f'CRS {text[:57]}...'
