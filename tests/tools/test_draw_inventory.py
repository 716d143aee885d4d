import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from matplotlib.image import imread
from rasterio.transform import from_origin
from shapely.geometry import box

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    command = [sys.executable, str(ROOT / 'tools/draw_inventory.py'), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture
def files(tmp_path):
    profile = {'driver': 'GTiff', 'width': 60, 'height': 40, 'count': 3, 'dtype': 'uint8'}
    transform = from_origin(500_000, 4_700_000, 10, 10)
    with rasterio.open(
        tmp_path / 'scene.tif', 'w', crs='EPSG:32654', transform=transform, **profile
    ) as target:
        target.write(np.full((3, 40, 60), 100, np.uint8))
    shape = box(500_100, 4_699_800, 500_200, 4_699_900)
    table = gpd.GeoDataFrame({'id': [1]}, geometry=[shape], crs='EPSG:32654')
    table.to_file(tmp_path / 'landslides.gpkg', layer='landslides')
    return tmp_path / 'scene.tif', tmp_path / 'landslides.gpkg'


def test_image_and_geopackage_become_a_picture(files, tmp_path):
    words = {'--title': 'Somewhere', '--event': 'earthquake', '--pre': files[0]}
    words |= {'--post-date': '2018-09-12', '--pre-date': '2018-08-05'}
    done = run(*files, tmp_path / 'a.png', *(part for pair in words.items() for part in pair))
    assert (done.returncode, done.stdout) == (0, f'wrote {tmp_path / "a.png"}\n'), done.stderr
    assert imread(tmp_path / 'a.png').shape[1] == 1350


def test_a_wrong_file_ends_in_one_sentence(files, tmp_path):
    done = run(files[0], files[0], tmp_path / 'a.png')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith(f'error: {files[0]} cannot be read')
    assert done.stderr.count('\n') == 1
