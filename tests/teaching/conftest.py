"""A small scene with red landslides on green ground, its review, and a network that knows none."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import torch
from affine import Affine

CRS = 'EPSG:32654'
SIDE, PIXEL = 160, 10.0
PLACE = Affine(PIXEL, 0, 500_000, 0, -PIXEL, 4_700_000)
CONFIG = """\
custom_imports = dict(imports=['tests.teaching.tiny_network'], allow_failed_imports=False)
model = dict(type='TinyNetwork')
mapping = dict(
    bands=(1, 2, 3),
    scaling=dict(type='LinearScale', clip=(0, 255)),
    predictor=dict(type='TorchPredictor', landslide_class=1),
    window=16,
    stride=12,
    batch_size=16,
    gsd_range=(5, 20),
)
postproc = [dict(type='GeologicFilter', area_factor=1), dict(type='Vectoriser')]
"""


def square(row, col, size):
    """Polygon of ``size`` pixels a side from a pixel on."""
    (left, top), (right, bottom) = PLACE @ (col, row), PLACE @ (col + size, row + size)
    return shapely.box(left, bottom, right, top)


def truth_squares():
    """Landslides of 6 pixels a side, one in every 20."""
    return [square(row + 5, col + 7, 6) for row in range(0, SIDE, 20) for col in range(0, SIDE, 20)]


def write_review(path, shapes, states, areas=(), crs=CRS):
    table = gpd.GeoDataFrame({'review': states}, geometry=list(shapes), crs=CRS)
    table.to_crs(crs).to_file(path, layer='landslides')
    if areas:
        drawn = gpd.GeoDataFrame({'reviewer': ['x'] * len(areas)}, geometry=list(areas), crs=CRS)
        drawn.to_crs(crs).to_file(path, layer='reviewed_area')
    return path


@pytest.fixture(scope='session')
def lesson_folder(tmp_path_factory):
    """Image, config and weights."""
    folder = tmp_path_factory.mktemp('lesson')
    rng = np.random.default_rng(0)
    bands = np.stack([rng.integers(low, low + 60, (SIDE, SIDE)) for low in (40, 120, 40)])
    for shape in truth_squares():
        left, bottom, right, top = shape.bounds
        (col, row), (end, last) = ~PLACE @ (left, top), ~PLACE @ (right, bottom)
        place = slice(round(row), round(last)), slice(round(col), round(end))
        bands[0][place] += 120
        bands[1][place] -= 60
    profile = {'driver': 'GTiff', 'count': 3, 'dtype': 'uint8', 'crs': CRS, 'transform': PLACE}
    with rasterio.open(folder / 'post.tif', 'w', height=SIDE, width=SIDE, **profile) as scene:
        scene.write(bands.astype(np.uint8))
    (folder / 'config.py').write_text(CONFIG)
    from tests.teaching.tiny_network import TinyNetwork  # noqa: PLC0415

    torch.manual_seed(0)
    torch.save({'state_dict': TinyNetwork().state_dict()}, folder / 'weights.pth')
    return folder


@pytest.fixture(scope='session')
def review(lesson_folder):
    """Everything in the left half was looked at."""
    shapes = [shape for shape in truth_squares() if shape.centroid.x < 500_800]
    area = shapely.box(500_000, 4_698_400, 500_800, 4_700_000)
    return write_review(lesson_folder / 'review.gpkg', shapes, ['confirmed'] * len(shapes), [area])
