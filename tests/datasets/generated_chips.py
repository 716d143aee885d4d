"""Small images and masks, and configs that read them."""

import numpy as np
import rasterio
from mmengine.config import Config

PIPELINE = [
    {'type': 'LoadRasterImage'},
    {'type': 'LoadRasterMask', 'value_map': {0: 0, 1: 1, 7: 255}},
    {'type': 'PackSegInputs'},
]


def write(path, bands):
    path.parent.mkdir(parents=True, exist_ok=True)
    count, rows, cols = bands.shape
    shape = {'count': count, 'height': rows, 'width': cols, 'dtype': bands.dtype}
    with rasterio.open(path, 'w', driver='GTiff', **shape) as target:
        target.write(bands)


def chip(root, name, *, bands=3, shape=(4, 4), mask=None, dtype='uint8'):
    rng = np.random.default_rng(len(name))
    write(root / 'images' / f'{name}.tif', rng.integers(1, 9, (bands, *shape)).astype(dtype))
    labels = np.eye(4, dtype=np.uint8) if mask is None else np.array(mask, np.uint8)
    write(root / 'masks' / f'{name}.tif', labels[None])


def part(root, **settings):
    return dict(type='LandslideDataset', data_root=str(root), pipeline=PIPELINE) | settings


def config(train, val=None, **settings):
    loaders = {'train_dataloader': {'dataset': train}}
    if val:
        loaders |= {'val_dataloader': {'dataset': val}, 'test_dataloader': {'dataset': val}}
    return Config(loaders | settings)
