"""Size of the report and how fast it opens and moves, in Chromium.

    python benchmarks/report.py --landslides 1000 20000
    python benchmarks/report.py --run demo/out --post demo/hokkaido_post.tif

Makes up a run of so many landslides, or takes a finished one, writes its report and opens it in
a fresh headless Chromium from the disk, three times: ``ready`` is the time from the request to
the map's last picture with all tables filled, the median of three. A frame is what Chromium
needs from one pointer or wheel event to the next painted frame, the median of 40. On a machine
that does other work too these are too long; ``cpu`` is the time that the page's own thread
computed, which is not. Without a graphics card Chromium draws on the processor. Needs playwright
and an installed Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from playwright.sync_api import Page, sync_playwright
from scipy.ndimage import zoom

# This file is called like a package of the project, and its folder comes first.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from dfpenet_mm.report.page.page import write_report  # noqa: E402
from dfpenet_mm.report.run_products import RunProducts  # noqa: E402

CRS, GSD = 'EPSG:32654', 5.0
TRANSFORM = Affine(GSD, 0, 300_000, 0, -GSD, 4_700_000)
# Pixels of the scene per landslide: as dense as the worst parts of real inventories.
PIXELS_EACH = 1600
POINTS = 32
OPENINGS, MOVES = 3, 40
READY = 'html[data-ready=true]'
FRAME = '() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))'


def make_run(folder: Path, landslides: int, seed: int = 1) -> RunProducts:
    """Make up a run: an image of noise and landslides whose areas follow a power law."""
    rng = np.random.default_rng(seed)
    side = max(400, round((landslides * PIXELS_EACH) ** 0.5))
    for name, bands in (('post.tif', 3), ('pre.tif', 3), ('mask.tif', 1)):
        _write_noise(folder / name, rng, side, bands)
    radii = np.minimum(6 * rng.pareto(1.6, landslides) + 6, 400) / 2 * GSD
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    reach = radii[:, None] * rng.uniform(0.6, 1.4, (landslides, POINTS))
    middles = rng.uniform(0, side * GSD, (landslides, 2)) * (1, -1) + (300_000, 4_700_000)
    points = np.stack([reach * np.cos(angles), 0.6 * reach * np.sin(angles)], axis=-1)
    shapes = shapely.polygons(points + middles[:, None])
    table = gpd.GeoDataFrame(
        {
            'id': np.arange(1, landslides + 1),
            'area_m2': shapely.area(shapes),
            'mean_probability': rng.uniform(0.5, 1, landslides),
            'touches_edge': rng.random(landslides) < 0.02,
            **{f'measure_{number}': rng.normal(size=landslides) for number in range(20)},
        },
        geometry=shapes,
        crs=CRS,
    )
    summary = {'totals': {'landslides': landslides, 'area_m2': float(table['area_m2'].sum())}}
    return RunProducts(
        folder=folder,
        summary=summary,
        landslides=table,
        rejected=None,
        post=folder / 'post.tif',
        pre=folder / 'pre.tif',
    )


def _write_noise(path: Path, rng: np.random.Generator, side: int, bands: int) -> None:
    # About as rough as a landscape: colours that change over some pixels, and a little noise.
    coarse = rng.normal(110, 40, (bands, side // 12 + 2, side // 12 + 2))
    pixels = zoom(coarse, (1, 12, 12), order=1)[:, :side, :side]
    profile = {'driver': 'GTiff', 'count': bands, 'dtype': 'uint8', 'crs': CRS}
    size = {'width': side, 'height': side, 'transform': TRANSFORM, 'compress': 'DEFLATE'}
    with rasterio.open(path, 'w', **profile, **size) as dataset:
        dataset.write(np.clip(pixels + rng.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8))


def measure(report: Path) -> dict[str, float]:
    """Open a report and move its map."""
    ready, moved = [], {}
    with sync_playwright() as playwright:
        for _ in range(OPENINGS):
            browser = playwright.chromium.launch(
                executable_path=shutil.which('chromium'), args=['--no-sandbox']
            )
            page = browser.new_page(viewport={'width': 1366, 'height': 768})
            thread = PageThread(page)
            start = time.perf_counter()
            page.goto(report.as_uri())
            page.wait_for_selector(READY, state='attached')
            page.evaluate(FRAME)
            ready.append((time.perf_counter() - start, thread.seconds()))
            if len(ready) == OPENINGS:
                moved = _measure_moves(page, thread)
            browser.close()
    return {
        'megabytes': report.stat().st_size / 1e6,
        'ready_seconds': statistics.median(wall for wall, _ in ready),
        'ready_cpu_seconds': statistics.median(cpu for _, cpu in ready),
        **moved,
    }


class PageThread:
    """Processor time of a page's own thread."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send('Performance.enable', {'timeDomain': 'threadTicks'})

    def seconds(self) -> float:
        """Seconds that it has computed so far."""
        metrics = self._session.send('Performance.getMetrics')['metrics']
        return {metric['name']: metric['value'] for metric in metrics}['TaskDuration']


def _measure_moves(page: Page, thread: PageThread) -> dict[str, float]:
    area = page.locator('#map-area')
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    x, y = box['x'] + box['width'] / 2, box['y'] + box['height'] / 2
    page.mouse.move(x, y)
    page.wait_for_timeout(1000)
    page.mouse.down()
    # Held still it would become a long press instead of a drag.
    page.mouse.move(x - 40, y - 40)
    pan = _median_frame(
        page, thread, lambda step: page.mouse.move(x - 40 - 3 * step, y - 40 - 2 * step)
    )
    page.mouse.up()
    page.wait_for_timeout(1000)
    page.keyboard.down('Control')
    zoom_in = _median_frame(page, thread, lambda _: page.mouse.wheel(0, -60))
    page.keyboard.up('Control')
    return {
        'pan_ms': pan[0],
        'pan_cpu_ms': pan[1],
        'zoom_ms': zoom_in[0],
        'zoom_cpu_ms': zoom_in[1],
    }


def _median_frame(
    page: Page, thread: PageThread, move: Callable[[int], None]
) -> tuple[float, float]:
    """Return milliseconds a frame: by the clock, and computed by the page's thread."""
    walls, before = [], thread.seconds()
    for step in range(MOVES):
        start = time.perf_counter()
        move(step)
        page.evaluate(FRAME)
        walls.append(time.perf_counter() - start)
    return 1000 * statistics.median(walls), 1000 * (thread.seconds() - before) / MOVES


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--landslides', type=int, nargs='*', default=[1000, 20_000])
    parser.add_argument('--run', type=Path, help='folder of a finished run, with --post')
    parser.add_argument('--post', type=Path)
    parser.add_argument('--pre', type=Path)
    parser.add_argument('--json', type=Path, help='write the numbers here too')
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        runs = {}
        if args.run:
            runs[args.run.name] = RunProducts.read(args.run, post=args.post, pre=args.pre)
        else:
            runs = {f'{number:,}': number for number in args.landslides}
        for name, run in runs.items():
            products = make_run(folder, run) if isinstance(run, int) else run
            start = time.perf_counter()
            write_report(products, folder / 'report.html')
            written = time.perf_counter() - start
            rows.append({'run': name, 'write_seconds': written} | measure(folder / 'report.html'))
    columns = list(rows[0])
    print(f'| {" | ".join(columns)} |\n|{"---|" * len(columns)}')
    for row in rows:
        cells = [f'{value:.2f}' if isinstance(value, float) else value for value in row.values()]
        print(f'| {" | ".join(cells)} |')
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
