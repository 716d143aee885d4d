"""Time and memory of mapping against the size of the scene, with a predictor that costs nothing.

    python benchmarks/mapping_scale.py --sizes 8192x8192 20000x20000 100000x20000

Every size runs in a process of its own: a scene of three 8-bit bands is generated, mapped in
windows of 512 with 25 % overlap, finished blocks kept as a run keeps them, and both products
turned into COGs. Prints a Markdown table; --json FILE writes the numbers too.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

from dfpenet_mm.mapping.blocks.block_store import BlockStore
from dfpenet_mm.mapping.executors.executor import BlockTask
from dfpenet_mm.mapping.executors.local_executor import LocalExecutor
from dfpenet_mm.mapping.mapper import map_scene
from dfpenet_mm.mapping.plan.windows import WindowPlan
from dfpenet_mm.mapping.products.cog import write_cog
from dfpenet_mm.mapping.scene.scaling import FittedScaling
from dfpenet_mm.mapping.scene.scene import Scene, SceneSource

TILE, WINDOW, STRIDE = 512, 512, 384
SCALING = FittedScaling((1.0,) * 3, (0.0,) * 3)
COLUMNS = ('size', 'seconds', 'Mpx/s', 'with COGs', 'Mpx/s with COGs', 'peak GB', 'beyond start GB')


class CheapPredictor:
    """Takes the first band for a probability, busily for a while if told to.

    Args:
        seconds: time a window takes.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, chips: np.ndarray) -> np.ndarray:
        """Predict; see ``Predictor``."""
        end = time.perf_counter() + self._seconds * len(chips)
        probability = chips[:, 0] * np.float32(1 / 255)
        while time.perf_counter() < end:
            np.sqrt(probability)
        return probability


def make_scene(path: Path, cols: int, rows: int) -> None:
    """Write a tiled scene of noise of 16 values, a quarter of its blocks smooth."""
    rng = np.random.default_rng(1)
    profile = {
        **{'driver': 'GTiff', 'width': cols, 'height': rows, 'count': 3, 'dtype': 'uint8'},
        **{'tiled': True, 'blockxsize': TILE, 'blockysize': TILE, 'compress': 'DEFLATE'},
        **{'zlevel': 1, 'bigtiff': 'IF_SAFER', 'num_threads': 'ALL_CPUS'},
        **{'crs': 'EPSG:32654', 'transform': Affine(1, 0, 500_000, 0, -1, 4_700_000)},
    }
    noise = rng.integers(0, 16, (3, TILE, min(cols, 8 * TILE)), np.uint8) * 16 + 8
    noise[:, :, : 2 * TILE] = 40
    strip = np.tile(noise, (1, 1, -(-cols // noise.shape[2])))[:, :, :cols]
    with rasterio.open(path, 'w', **profile) as dataset:
        for row in range(0, rows, TILE):
            height = min(TILE, rows - row)
            rolled = np.roll(strip, 131 * (row // TILE), axis=2)
            dataset.write(rolled[:, :height], window=Window(0, row, cols, height))


def peak_gb() -> float:
    """Return the most memory this process has held, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure(cols: int, rows: int, seconds: float, readers: int, folder: Path) -> dict:
    """Map one generated scene; returns plain values."""
    make = subprocess.run(
        [sys.executable, __file__, '--make', str(folder / 'scene.tif'), f'{cols}x{rows}'],
        check=False,
    )
    if make.returncode:
        sys.exit(make.returncode)
    before, processor_before = peak_gb(), time.process_time()
    predictor = CheapPredictor(seconds)
    start = time.perf_counter()
    products = {name: folder / f'{name}.tif' for name in ('probability', 'mask')}
    with Scene(folder / 'scene.tif') as scene:
        plan = WindowPlan(scene.shape, WINDOW, STRIDE, batch_size=2)
        task = BlockTask(scene=SceneSource.of(scene), plan=plan, scaling=SCALING)
        result = map_scene(
            scene=scene,
            task=task,
            executor=LocalExecutor(predictor=predictor, readers=readers),
            threshold=0.5,
            store=BlockStore(folder / 'blocks'),
            **products,
        )
    mapped, processor = time.perf_counter() - start, time.process_time()
    mapped_peak = peak_gb()
    for name, path in products.items():
        write_cog(path, folder / f'{name}_cog.tif', {})
    total = time.perf_counter() - start
    megapixels = cols * rows / 1e6
    values = {
        'size': f'{cols} x {rows}',
        'seconds': mapped,
        'Mpx/s': megapixels / mapped,
        'with COGs': total,
        'Mpx/s with COGs': megapixels / total,
        'peak GB': peak_gb(),
        'beyond start GB': peak_gb() - before,
    }
    extra = {
        'processor seconds': processor - processor_before,
        'processor seconds with COGs': time.process_time() - processor_before,
        'windows': result.windows_run,
        'seconds in the predictor': result.seconds_predicted,
        'end to end / predictor': mapped / result.seconds_predicted,
        'beyond start GB without COGs': mapped_peak - before,
        'blocks': plan.block_count,
        'store GB': sum(path.stat().st_size for path in (folder / 'blocks').iterdir()) / 1e9,
        'products GB': sum(path.stat().st_size for path in products.values()) / 1e9,
    }
    return values | extra


def parse_size(text: str) -> tuple[int, int]:
    """Read ``COLSxROWS``."""
    cols, rows = map(int, text.split('x'))
    return cols, rows


def run_apart(size: str, args: argparse.Namespace) -> dict:
    """Measure one size in a process of its own, whose peak memory is its alone."""
    options = ['--seconds', str(args.seconds), '--readers', str(args.readers)]
    options += ['--folder', str(args.folder)] if args.folder else []
    command = [sys.executable, __file__, '--one', size, *options]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sizes', nargs='+', default=['4096x4096'], metavar='COLSxROWS')
    parser.add_argument('--seconds', type=float, default=0.0, help='time of a window, busily')
    parser.add_argument('--readers', type=int, default=1, help='threads that read')
    parser.add_argument('--folder', type=Path, help='where to make scenes; default a temporary one')
    parser.add_argument('--json', type=Path, help='write the numbers here')
    parser.add_argument('--one', help=argparse.SUPPRESS)
    parser.add_argument('--make', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.make:
        make_scene(Path(args.make[0]), *parse_size(args.make[1]))
    elif args.one:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            print(
                json.dumps(measure(*parse_size(args.one), args.seconds, args.readers, Path(folder)))
            )
    else:
        report([run_apart(size, args) for size in args.sizes], args)


def report(results: list[dict], args: argparse.Namespace) -> None:
    """Print a table and write the numbers."""
    print(f'{platform.machine()}, {platform.system()}, command: {" ".join(sys.argv)}\n')
    print('| ' + ' | '.join(COLUMNS) + ' |\n' + '|---' * len(COLUMNS) + '|')
    for result in results:
        cells = [result[name] for name in COLUMNS]
        shown = [f'{cell:.2f}' if isinstance(cell, float) else cell for cell in cells]
        print('| ' + ' | '.join(shown) + ' |')
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + '\n')


if __name__ == '__main__':
    main()
