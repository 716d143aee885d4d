"""A crop of the demo pair, and the command run on it once."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from dfpenet_mm.resources import checkpoint_dir, config_dir

ROOT = Path(__file__).resolve().parents[2]
CONFIG = config_dir() / 'dfpenet' / 'landslide4sense_mobilenetv2.py'
CHECKPOINT = checkpoint_dir() / 'dfpenet_mobilenetv2_landslide4sense.pth'
# Rows and columns of the demo scene with many landslides, half of them without pre-event data.
CROP = Window(470, 300, 260, 200)


def crop(source, target):
    with rasterio.open(source) as scene:
        profile = scene.profile | {
            'width': CROP.width,
            'height': CROP.height,
            'transform': scene.window_transform(CROP),
        }
        pixels = scene.read(window=CROP)
    with rasterio.open(target, 'w', **profile) as dataset:
        dataset.write(pixels)
    return target


@pytest.fixture(scope='session')
def pair(tmp_path_factory):
    """Post- and pre-event crops; the post-event one has a collar of nodata on its left."""
    folder = tmp_path_factory.mktemp('pair')
    post, pre = (
        crop(ROOT / 'demo' / f'hokkaido_{role}.tif', folder / f'{role}.tif')
        for role in ('post', 'pre')
    )
    with rasterio.open(post, 'r+') as dataset:
        dataset.write(np.zeros((3, CROP.height, 10), np.uint16), window=Window(0, 0, 10, 200))
    return post, pre
