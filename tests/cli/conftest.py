"""A crop of the demo pair, and the command run on it once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.resources import checkpoint_dir, config_dir
from tests.cli.stopped_run import stop_after

ROOT = Path(__file__).resolve().parents[2]
CONFIG = config_dir() / 'dfpenet' / 'ten_metres_mobilenetv2.py'
CHECKPOINT = checkpoint_dir() / 'dfpenet_mobilenetv2_10m.pth'
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


@pytest.fixture
def fresh_python(tmp_path):
    """Run a program in a process that has imported nothing yet, outside of the checkout."""

    def run(code):
        return subprocess.run(
            [sys.executable, '-c', code],
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    return run


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


def raster(path, *, bands=3, crs='EPSG:32654', origin=(500_000, 4_700_000), value=900, **profile):
    transform = Affine(10, 0, origin[0], 0, -10, origin[1]) if origin else Affine.identity()
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=64,
        height=48,
        count=bands,
        dtype='uint16',
        crs=crs,
        transform=transform,
        nodata=0,
        **profile,
    ) as target:
        target.write(np.full((bands, 48, 64), value, np.uint16))
    return path


@pytest.fixture
def complain(tmp_path, capsys):
    """Run the command with a good scene unless told otherwise; return its complaint."""

    def run(*extra, config=CONFIG, checkpoint=CHECKPOINT, post=None, out=tmp_path / 'out'):
        post = post or raster(tmp_path / 'good.tif')
        named = [config, checkpoint] if config else []
        arguments = [*named, '--post', post, '--out', out, *extra]
        with pytest.raises(SystemExit) as exit_info:
            main([str(argument) for argument in arguments])
        assert exit_info.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ''
        lines = printed.err.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith('error: ')
        assert not (tmp_path / 'out').exists()
        return lines[0]

    return run


CHEAP_CONFIG = """\
custom_imports = dict(imports=['tests.cli.cheap_network'], allow_failed_imports=False)
model = dict(type='CheapNetwork')
mapping = dict(
    bands=(1, 2, 3),
    scaling=dict(type='LinearScale'),
    predictor=dict(type='FirstBand'),
    window=64,
    stride=48,
    batch_size=2,
    block_windows=4,
)
postproc = [dict(type='GeologicFilter', area_factor=5), dict(type='Vectoriser')]
"""


@pytest.fixture(scope='session')
def cheap(tmp_path_factory):
    """A folder with a scene, and the config and weights of a network that costs nothing."""
    folder = tmp_path_factory.mktemp('cheap')
    (folder / 'config.py').write_text(CHEAP_CONFIG)
    weights = {'weight.weight': torch.ones(1, 1), 'weight.bias': torch.zeros(1)}
    torch.save({'state_dict': weights}, folder / 'weights.pth')
    rng = np.random.default_rng(3)
    coarse = rng.integers(1, 251, (3, 30, 40), dtype=np.uint8)
    bands = coarse.repeat(20, axis=1).repeat(20, axis=2)
    bands[:, :100, :200] = 0
    with rasterio.open(
        folder / 'post.tif',
        'w',
        driver='GTiff',
        width=800,
        height=600,
        count=3,
        dtype='uint8',
        nodata=0,
        crs='EPSG:32654',
        transform=Affine(10, 0, 500_000, 0, -10, 4_700_000),
        tiled=True,
        compress='deflate',
    ) as scene:
        scene.write(bands)
    return folder


@pytest.fixture(scope='session')
def cheap_arguments(cheap):
    """Give ``arguments(out, *more)``: a command line that maps the cheap scene, no pictures."""

    def arguments(out, *more, post=None):
        files = [cheap / 'config.py', cheap / 'weights.pth', '--post', post or cheap / 'post.tif']
        return [str(value) for value in (*files, '--out', out, '--no-report', *more)]

    return arguments


@pytest.fixture(scope='session')
def whole(cheap_arguments, tmp_path_factory):
    """Products of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp('whole') / 'out'
    main(cheap_arguments(out))
    return out


@pytest.fixture
def stopped(cheap_arguments, cheap, tmp_path, monkeypatch):
    """An output folder whose run ended after some blocks, and the arguments of that run."""
    post = shutil.copy(cheap / 'post.tif', tmp_path / 'post.tif')
    arguments = cheap_arguments(tmp_path / 'out', post=post)
    stop_after(monkeypatch, 7)
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 130
    monkeypatch.undo()
    return tmp_path / 'out', arguments
