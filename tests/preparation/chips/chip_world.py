"""Small scenes and inventories that chips are cut from."""

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

UTM54 = 'EPSG:32654'
WEST, NORTH, SIDE = 500_000, 4_700_000, 10


def write_scene(
    path, rows, cols, *, dtype='uint8', hole=None, crs=UTM54, west=WEST, north=NORTH, bands=3
):
    """A scene of 10 m pixels whose value tells row and column; ``hole`` is nodata (0)."""
    pixels = np.stack(
        [np.add.outer(np.arange(rows), 2 * np.arange(cols)) % 200 + 1 + b for b in range(bands)]
    ).astype(dtype)
    if hole is not None:
        pixels[:, *hole] = 0
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        height=rows,
        width=cols,
        count=bands,
        dtype=dtype,
        crs=crs,
        transform=from_origin(west, north, SIDE, SIDE),
        nodata=0,
    ) as target:
        target.write(pixels)
    return path


def pixel_box(row, col, height, width, *, west=WEST):
    """The polygon of a rectangle of pixels."""
    left, top = west + col * SIDE, NORTH - row * SIDE
    return shapely.box(left, top - height * SIDE, left + width * SIDE, top)


def write_inventory(path, geometries, crs=UTM54, **options):
    gpd.GeoDataFrame(geometry=list(geometries), crs=crs).to_file(path, **options)
    return path
