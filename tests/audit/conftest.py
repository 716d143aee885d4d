"""A small finished run whose truth is known: a map with false alarms and misses."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box

from dfpenet_mm.audit.points import FILE
from dfpenet_mm.vocabulary import AUDIT

ROWS, COLS, GSD = 150, 200, 10.0
CRS = 'EPSG:32654'
TRANSFORM = Affine(GSD, 0, 500_000, 0, -GSD, 4_700_000)
# Rows and columns, from and to: mapped and true, mapped only, true only.
BOTH, FALSE, MISSED = (20, 60, 20, 60), (20, 40, 100, 120), (100, 110, 100, 130)


def write(path, pixels, nodata):
    rows, cols = pixels.shape
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=cols,
        height=rows,
        count=1,
        dtype=pixels.dtype,
        nodata=nodata,
        crs=CRS,
        transform=TRANSFORM,
    ) as target:
        target.write(pixels, 1)


def fill(pixels, place, value):
    top, bottom, left, right = place
    pixels[top:bottom, left:right] = value


@pytest.fixture
def truth():
    pixels = np.zeros((ROWS, COLS), bool)
    for place in (BOTH, MISSED):
        fill(pixels, place, True)
    return pixels


@pytest.fixture
def run_folder(tmp_path):
    """A run: its left edge has no data."""
    folder = tmp_path / 'run'
    folder.mkdir()
    mask = np.zeros((ROWS, COLS), np.uint8)
    for place in (BOTH, FALSE):
        fill(mask, place, 1)
    mask[:, :10] = 255
    probability = np.where(mask == 1, 0.8, 0.05).astype(np.float32)
    probability[mask == 255] = np.nan
    write(folder / 'mask.tif', mask, 255)
    write(folder / 'probability.tif', probability, np.nan)
    squares = [
        box(*(TRANSFORM @ (left, bottom)), *(TRANSFORM @ (right, top)))
        for top, bottom, left, right in (BOTH, FALSE)
    ]
    table = gpd.GeoDataFrame(
        {'id': [1, 2], 'area_m2': [160_000.0, 40_000.0], 'mean_probability': [0.8, 0.8]},
        geometry=squares,
        crs=CRS,
    )
    table.to_file(folder / 'landslides.gpkg', layer='landslides')
    (folder / 'summary.json').write_text(json.dumps({'totals': {'landslides': 2}}))
    return folder


@pytest.fixture
def edit(run_folder):
    """Read the points of an audit, change them, and write them back."""

    def change(how, **options):
        path = run_folder / FILE
        points = how(gpd.read_file(path, layer=AUDIT, columns=None))
        points.to_file(path, layer=AUDIT, driver='GPKG', **options)
        return points

    return change


@pytest.fixture
def judge(edit, truth):
    """Give every point the verdict that is true."""

    def tell(points):
        there = truth[points['row'], points['col']]
        return points.assign(verdict=np.where(there, 'landslide', 'not landslide'))

    return lambda: edit(tell)
