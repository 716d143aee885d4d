"""A folder in which the commands of a page can run: a small clone, with the files they name."""

import os
import shutil
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from mmengine.config import Config
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.windows import Window

from tests.docs.blocks import ROOT, blocks
from tests.docs.preloaded_python import CLIENT
from tests.generated_experiment import shrink

# A part of the demo scene with many landslides; half of it has no pre-event data.
CROP = Window(470, 300, 128, 128)
# One with room for ground that teaches and ground that judges.
WIDE_CROP = Window(400, 240, 288, 288)
# Programs that a block may call where it is only parsed; they do nothing then.
ELSEWHERE = ('pip', 'pipx', 'ray', 'srun', 'uv')
# What follows the name of our image is a command line of landslide-map.
DOCKER = """\
#!/bin/sh
[ "$1" = run ] || exit 0
while [ $# -gt 0 ]; do
    case "$1" in dfpenet_mm | dfpenet_mm:*) shift; exec landslide-map "$@" ;; esac
    shift
done
exit 1
"""
# What the pages call a file, and what of ours lies there.
IMAGES = {
    'after.tif': 'hokkaido_post.tif',
    'before.tif': 'hokkaido_pre.tif',
    'demo/hokkaido_post.tif': 'hokkaido_post.tif',
    'demo/hokkaido_pre.tif': 'hokkaido_pre.tif',
}
# Where all of it lies; the page on preparing images cuts from there.
UTM54, NORTH_WEST, AROUND = 'EPSG:32654', (577_000, 4_731_000), (576_500, 4_731_500)
SENTINEL2 = ('T54TWN_20180912', 'T54TWN_20180805')


def boxes(step, width, height, extent):
    """Rectangles in rows and columns, metres."""
    west, north = NORTH_WEST
    return [
        shapely.box(west + x, north - y - height, west + x + width, north - y)
        for x in range(40, extent - width, step)
        for y in range(40, extent - height, step)
    ]


class Workspace:
    """The folder of a page, and a shell in it."""

    def __init__(self, folder, address):
        self.folder = folder
        self.bin = folder / '.venv' / 'bin'
        self._clone()
        self._programs(address)
        self._rasters()
        self._vectors()
        self._training()

    def write_configs(self, page):
        """Write the files that the page's Python blocks name in their first line."""
        for block in blocks('python'):
            if block.page == page and block.first.startswith('# ') and block.first.endswith('.py'):
                path = self.folder / block.first.removeprefix('# ')
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
        if (self.folder / 'my_site').is_dir():
            (self.folder / 'my_site' / '__init__.py').touch()

    def write_demo(self, crop):
        """Write another part of the demo scene in place of the small one."""
        for name, source in IMAGES.items():
            if name.startswith('demo/'):
                with rasterio.open(ROOT / 'demo' / source) as scene:
                    self._write(name, scene.read(window=crop), nodata=0)

    def environment(self, *, parse_only):
        """The variables of the shell: our programs first, or no other ones."""
        values = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
        values['PATH'] = os.pathsep.join(
            [str(self.bin), str(Path(sys.executable).parent), '/usr/local/bin', '/usr/bin', '/bin']
        )
        if parse_only:
            values['DOCS_PARSE_ONLY'] = '1'
            values['PATH'] = os.pathsep.join([str(self.folder / 'elsewhere'), values['PATH']])
        return values

    def _clone(self):
        for name in ('tools', 'benchmarks', 'Makefile', 'setup.py', 'constraints.txt'):
            (self.folder / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / 'configs', self.folder / 'configs')
        (self.folder / 'checkpoints').mkdir()
        for path in (ROOT / 'checkpoints').iterdir():
            (self.folder / 'checkpoints' / path.name).symlink_to(path)

    def _programs(self, address):
        self.bin.mkdir(parents=True)
        (self.bin / 'activate').touch()
        starts = {'python': [], 'landslide-map': ['-m', 'dfpenet_mm.cli.landslide_map']}
        for name, start in starts.items():
            text = CLIENT.format(python=sys.executable, address=str(address), start=start)
            self._program(self.bin / name, text)
        (self.bin / 'python3.11').symlink_to('python')
        (self.folder / 'elsewhere').mkdir()
        for name in ELSEWHERE:
            self._program(self.folder / 'elsewhere' / name, '#!/bin/sh\n')
        self._program(self.folder / 'elsewhere' / 'docker', DOCKER)
        # Makefile targets are looked up and their commands listed.
        make = f'#!/bin/sh\nexec /usr/bin/make -n -C {ROOT} "$@" >/dev/null\n'
        self._program(self.folder / 'elsewhere' / 'make', make)
        for name in ('pip', 'ray'):
            (self.bin / name).symlink_to(self.folder / 'elsewhere' / name)

    @staticmethod
    def _program(path, text):
        path.write_text(text)
        path.chmod(0o755)

    def _rasters(self):
        (self.folder / 'demo').mkdir()
        for name, source in IMAGES.items():
            with rasterio.open(ROOT / 'demo' / source) as scene:
                pixels = scene.read(window=CROP)
            self._write(name, pixels, nodata=0)
        self._write('chip.tif', (pixels / pixels.max() * 180).astype(np.uint8))
        self._write('four_bands.tif', np.concatenate([pixels, pixels[:1] * 2]))
        rows, cols = np.mgrid[:300, :300]
        hills = (400 + 60 * np.sin(rows / 9) + 3 * cols).astype(np.float32)
        self._write('dem.tif', hills[None], north_west=AROUND)
        # Bands of Sentinel-2, more than what the page cuts out, and an image of finer pixels.
        tiled = np.tile(pixels, (1, 3, 3))
        # The one before is darker: the same image twice is refused.
        for date, shown in zip(SENTINEL2, (tiled, tiled - tiled // 8), strict=True):
            for number, band in enumerate(('B04', 'B03', 'B02')):
                self._write('band.tif', shown[[number]], north_west=AROUND)
                # The format of the real ones: tools that keep it make lossy files of them.
                target = self.folder / f'{date}_{band}_10m.jp2'
                lossless = {'QUALITY': '100', 'REVERSIBLE': 'YES'}
                copy(self.folder / 'band.tif', target, driver='JP2OpenJPEG', **lossless)
        self._write('fine_after.tif', tiled, north_west=AROUND, side=3)

    def _write(self, name, pixels, *, north_west=NORTH_WEST, side=10, nodata=None):
        count, height, width = pixels.shape
        with rasterio.open(
            self.folder / name,
            'w',
            driver='GTiff',
            dtype=pixels.dtype,
            count=count,
            height=height,
            width=width,
            crs=UTM54,
            transform=from_origin(*north_west, side, side),
            nodata=nodata,
        ) as target:
            target.write(pixels)

    def _vectors(self):
        west, north = NORTH_WEST
        south, east = north - 1280, west + 1280
        everything = shapely.box(west, south, east, north)
        fields = boxes(130, 50, 60, 1280)
        for name, shapes in {
            'district.gpkg': [everything.buffer(-100)],
            'surveyed.gpkg': [everything],
            'reference.gpkg': fields[::2],
            'roads.gpkg': [shapely.LineString([(west, south), (east, north)])],
        }.items():
            self._write_vector(name, shapes)

    def _write_vector(self, name, shapes):
        gpd.GeoDataFrame(geometry=shapes, crs=UTM54).to_file(self.folder / name)

    def _training(self):
        """A scene of 32-pixel chips with an inventory, and a config that trains on such for two
        iterations."""
        with rasterio.open(self.folder / 'after.tif') as scene:
            self._write('scene.tif', np.tile(scene.read(), (1, 2, 2)), nodata=0)
        self._write_vector('inventory.gpkg', boxes(160, 50, 60, 2560))
        path = self.folder / 'configs' / 'dfpenet' / 'region_mobilenetv2.py'
        config = Config.fromfile(path)
        shrink(config.model.data_preprocessor)
        for name in ('train', 'val', 'test'):
            loader = config[f'{name}_dataloader']
            loader.update(batch_size=2, num_workers=0, persistent_workers=False)
            shrink(loader.dataset)
        config.train_cfg.update(max_iters=2, val_interval=2)
        config.default_hooks.checkpoint.update(interval=2)
        config.mapping.update(window=64, stride=48)
        config.dump(path)
