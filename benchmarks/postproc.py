"""Time and memory of the post-processing hooks against the size of the scene.

    python benchmarks/postproc.py --sizes 8192x8192 40000x40000 --plain 8192x8192

For every size a scene is made up (see postproc_scene.py), as dense as 250,000 landslides on
40,000 x 40,000 pixels, of which a fifth merge. Then a process of its own polygonises the mask,
runs the four hooks as ``configs/postproc/default.py`` does, and writes the final mask. --plain
does the same the plain way (see postproc_plain.py), which holds the whole scene in memory.
Prints a Markdown table; --json FILE writes the numbers too. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import rasterio

# This file is called like the package that it measures, and its folder comes first.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.postproc_plain import plain_way  # noqa: E402
from benchmarks.postproc_scene import make_scene  # noqa: E402
from dfpenet_mm.grid import RasterGrid  # noqa: E402
from postproc.masks.burner import write_final_mask  # noqa: E402
from postproc.masks.polygonise import polygonise  # noqa: E402
from postproc.product import LandslideProduct  # noqa: E402
from postproc.registry import build_hook  # noqa: E402

DENSITY = 250_000 / 40_000**2
# As landslide_map.py sets it.
GDAL_CACHE = 256 << 20
HOOKS = (
    {'type': 'GeologicFilter', 'area_factor': 25},
    {'type': 'TemporalDifference', 'mode': 'object'},
    {'type': 'Vectoriser'},
    {'type': 'ConsistencyEvaluator'},
)


class Stopwatch:
    """Takes time and peak memory of steps."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}

    def __call__(self, name: str, step: Callable[[], Any]) -> Any:
        """Run a step and return what it returns."""
        # Linux forgets the peak so far when told to.
        Path('/proc/self/clear_refs').write_text('5')
        wall, processor = time.perf_counter(), time.process_time()
        result = step()
        self.steps[name] = {
            'CPU s': time.process_time() - processor,
            'wall s': time.perf_counter() - wall,
            'peak GB': peak_gb(),
        }
        return result


def peak_gb() -> float:
    """Return the most memory this process has held since it last forgot, GB."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith('VmHWM'))) * 1024 / 1e9


def run_hooks(folder: Path, out_dir: Path, timed: Stopwatch) -> dict[str, Any]:
    """Run the chain of ``landslide_map.py`` behind the network; returns counts."""
    rasters = {name: folder / f'{name}.tif' for name in ('mask', 'pre_mask', 'probability')}
    with rasterio.open(rasters['mask']) as dataset:
        grid = RasterGrid.from_dataset(dataset)
    hooks = {cfg['type']: build_hook(cfg) for cfg in HOOKS}
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        landslides = timed('polygonise', lambda: polygonise(rasters['mask']))
        product = LandslideProduct(
            landslides, grid, rasters, out_dir, reference=folder / 'reference.gpkg'
        )
        counts = [len(landslides)]
        for name, hook in hooks.items():
            product = timed(name, lambda hook=hook, given=product: hook(given))
            counts.append(len(product.landslides))
        timed('final mask', lambda: write_final_mask(product, out_dir / 'final.tif'))
    found = product.results['ConsistencyEvaluator']
    agreement = {
        unit: [found[unit][name] for name in ('tp', 'fp', 'fn')]
        for unit in ('pixels', 'landslides')
    }
    return {'found': counts[0], 'kept': counts[1], 'left': counts[2], **agreement}


def scene_folder(size: tuple[int, int], root: Path) -> Path:
    """Make a scene, or take the one that an earlier run made."""
    cols, rows = size
    stamps = round(DENSITY * rows * cols)
    folder = root / f'postproc_{cols}x{rows}_{stamps}'
    if not (folder / 'made').exists():
        folder.mkdir(exist_ok=True)
        make_scene(folder, rows, cols, stamps)
        (folder / 'made').touch()
    return folder


def measure(way: str, size: tuple[int, int], root: Path) -> dict[str, Any]:
    """Run one way on one scene; returns plain values."""
    folder = scene_folder(size, root)
    timed = Stopwatch()
    run = {'hooks': run_hooks, 'plain': plain_way}[way]
    with tempfile.TemporaryDirectory(dir=folder) as out_dir:
        counts = run(folder, Path(out_dir), timed)
    return {'way': way, 'size': size, 'steps': timed.steps, 'counts': counts}


def run_apart(way: str, size: str, root: Path) -> dict[str, Any]:
    """Measure in a process of its own, whose memory is its alone."""
    command = [sys.executable, __file__, '--folder', str(root), '--one', way, size]
    # The scene is made beforehand, so that what its making holds counts for neither way.
    subprocess.run([*command[:-2], 'make', size], check=True)
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def parse_size(text: str) -> tuple[int, int]:
    """Read ``COLSxROWS``."""
    cols, rows = map(int, text.split('x'))
    return cols, rows


def report(results: list[dict[str, Any]]) -> None:
    """Print a table of all steps, their sums, and what was found."""
    print(f'{platform.machine()}, {platform.system()}, command: {" ".join(sys.argv)}\n')
    print('| size | way | step | CPU s | wall s | peak GB |\n|---|---|---|---|---|---|')
    for result in results:
        size = ' x '.join(map(str, result['size']))
        steps = result['steps']
        total = {
            name: function(step[name] for step in steps.values())
            for name, function in (('CPU s', sum), ('wall s', sum), ('peak GB', max))
        }
        for name, step in (steps | {'**all**': total}).items():
            numbers = [f'{step[column]:.2f}' for column in ('CPU s', 'wall s', 'peak GB')]
            print(f'| {" | ".join([size, result["way"], name, *numbers])} |')
    for result in results:
        print(f'\n{" x ".join(map(str, result["size"]))}, {result["way"]}: {result["counts"]}')
        result['all'] = sum(step['CPU s'] for step in result['steps'].values())
    ways = {(result['way'], tuple(result['size'])): result['all'] for result in results}
    for (way, size), seconds in ways.items():
        if way == 'plain' and ('hooks', size) in ways:
            times = seconds / ways['hooks', size]
            print(f'\n{" x ".join(map(str, size))}: hooks take {times:.1f} times less CPU time')


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sizes', nargs='*', default=['4096x4096'], metavar='COLSxROWS')
    parser.add_argument('--plain', nargs='*', default=['4096x4096'], metavar='COLSxROWS')
    parser.add_argument('--folder', type=Path, help='where to keep scenes; default a temporary one')
    parser.add_argument('--json', type=Path, help='write the numbers here')
    parser.add_argument('--one', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        way, size = args.one[0], parse_size(args.one[1])
        if way == 'make':
            scene_folder(size, args.folder)
        else:
            print(json.dumps(measure(way, size, args.folder)))
        return
    with ExitStack() as stack:
        root = args.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root.mkdir(parents=True, exist_ok=True)
        runs = [('hooks', size) for size in args.sizes] + [('plain', size) for size in args.plain]
        results = [run_apart(way, size, root) for way, size in runs]
    report(results)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + '\n')


if __name__ == '__main__':
    main()
