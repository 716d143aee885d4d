r"""What a lesson is worth on ground that nobody reviewed, and what it costs elsewhere.

    python benchmarks/teaching.py IMAGES MASKS --pixel-size 0.5 --out work \
        [--network CONFIG CHECKPOINT] [--control IMAGES MASKS --control-pixel-size 10]

Every image is a scene. A third of it is reviewed, with its mask for the analyst's outlines: the
left third, or the upper one where the left holds no landslide or all of them. The IoU of the maps
before and after is that of the other two thirds. The control is a set that the network before
knows: the IoU that the taught network has there, mapped as a run would at the control's pixel
size, one view a chip. Lessons that are finished in --out are not given again.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from rasterio.features import shapes

# Beside this file lies one named postproc.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).parent]

from dfpenet_mm.installation import quiet_libraries  # noqa: E402

with quiet_libraries():
    from dfpenet_mm.configs import load_config
    from dfpenet_mm.mapping.network.network_source import NetworkSource
    from dfpenet_mm.run.benchmark import on_grid
    from dfpenet_mm.run.labelled_images import LabelledImage, find_images
    from dfpenet_mm.run.network_choice import NetworkChoice, choose_network
    from dfpenet_mm.run.request import RunRequest
    from dfpenet_mm.run.run import map_landslides
    from dfpenet_mm.teaching.judging import block_draws, iou, resampled_iou
    from dfpenet_mm.teaching.request import STEPS, TeachRequest
    from dfpenet_mm.teaching.teach import teach
from dfpenet_mm.mapping.network.card import card_beside  # noqa: E402
from dfpenet_mm.rasters import open_raster  # noqa: E402
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE  # noqa: E402

FINDINGS = 'benchmark.json'
# Squares a side of which the intervals are, as an image is of one landslide or a few.
SQUARES = 8


def reviewed_third(truth: np.ndarray) -> np.ndarray:
    """Return where an image is reviewed, bool, shape (rows, cols)."""
    for axis in (1, 0):
        third = np.zeros(truth.shape, bool)
        third[tuple(slice(truth.shape[side] // 3 if side == axis else None) for side in (0, 1))] = 1
        inside = (truth[third] == LANDSLIDE).sum()
        if 0 < inside < (truth == LANDSLIDE).sum():
            break
    return third


def write_review(image: LabelledImage, third: np.ndarray, path: Path) -> None:
    """Write what an analyst would have drawn in a third of an image."""

    def polygons(where: np.ndarray) -> gpd.GeoDataFrame:
        found = shapes(where.astype(np.uint8), transform=image.grid.transform)
        drawn = [shapely.geometry.shape(shape) for shape, value in found if value]
        return gpd.GeoDataFrame(geometry=drawn, crs=image.grid.crs)

    polygons((image.truth() == LANDSLIDE) & third).to_file(path, layer='landslides')
    polygons(third).to_file(path, layer='reviewed_area')


def outcomes(mask: Path, image: LabelledImage, rest: np.ndarray) -> np.ndarray:
    """Count hits, false alarms and misses by squares of an image, shape (squares, 3)."""
    truth, called = image.truth(), on_grid(mask, image) == LANDSLIDE
    known = rest & (truth != IGNORED)
    right = truth == LANDSLIDE
    rows, cols = (np.arange(side) * SQUARES // side for side in truth.shape)
    square = (rows[:, None] * SQUARES + cols)[known]
    kinds = (called & right, called & ~right, ~called & right)
    return np.stack([np.bincount(square, kind[known], SQUARES**2) for kind in kinds], axis=1)


def give_lesson(image: LabelledImage, network: Sequence[Path], args: argparse.Namespace) -> dict:
    """Map, teach, map again, and judge both maps on the ground that was not reviewed."""
    name = image.image.stem
    folder = args.out / name
    if (folder / FINDINGS).is_file():
        return json.loads((folder / FINDINGS).read_text(encoding='utf-8'))
    folder.mkdir(parents=True, exist_ok=True)
    scene = image.write_scaled(1, folder / f'{name}.tif')
    third = reviewed_third(image.truth())
    review = folder / 'review.gpkg'
    if not review.exists():
        write_review(image, third, review)
    config, checkpoint = network or (None, None)
    before = RunRequest(
        post=scene,
        out=folder / 'before',
        config=config,
        checkpoint=checkpoint,
        overwrite=True,
        pictures=False,
        device='cpu',
    )
    map_landslides(before)
    wall, cpu = time.monotonic(), time.process_time()
    result = teach(
        TeachRequest(
            out=folder / 'taught',
            post=scene,
            inventory=review,
            config=config,
            checkpoint=checkpoint,
            steps=args.steps,
            seed=args.seed,
            pictures=False,
            overwrite=True,
            device='cpu',
        )
    )
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    first, last = (
        outcomes(folder / run / 'mask.tif', image, ~third) for run in ('before', 'taught')
    )
    draws = block_draws(len(first), args.seed)
    gains = resampled_iou(last, draws) - resampled_iou(first, draws)
    found = {
        'image': name,
        'before': iou(first),
        'after': iou(last),
        'gain_95': np.percentile(gains, (2.5, 97.5)).tolist(),
        'choice': result.findings['choice'],
        'pixel_size_m': result.findings['pixel_size_m'],
        'judged': result.findings['judged'],
        'chips': result.findings['chips'],
        'seconds': result.findings['seconds'],
        'cpu_s': cpu,
        'wall_s': wall,
        'peak_gb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        'network': str(result.network) if result.taught else None,
    }
    (folder / FINDINGS).write_text(json.dumps(found, indent=2), encoding='utf-8')
    return found


def control_iou(choice: NetworkChoice, args: argparse.Namespace) -> float:
    """Return the IoU of a network on the control, at its own calibration and threshold there."""
    images = find_images(
        args.control[0], masks=args.control[1], pixel_size=args.control_pixel_size
    )[:: args.control_every]
    config, card = load_config(choice.config), card_beside(choice.checkpoint)
    # Several views a chip would cost four times as much, and say the same of what is forgotten.
    settings = {**config.mapping.predictor, 'flips': False}
    predictor = NetworkSource.of(
        config, checkpoint=choice.checkpoint, predictor=settings, device='cpu'
    ).build()
    counts = np.zeros(3)
    for image in images:
        with open_raster(image.image) as source:
            probability = predictor(source.read()[None].astype(np.float32))[0]
        threshold = 0.5
        if card and card.calibration:
            probability = card.calibration.at(image.pixel_size).apply(probability)
            threshold = card.threshold_at(image.pixel_size) or threshold
        right, called = image.truth() == LANDSLIDE, probability >= threshold
        counts += [(called & right).sum(), (called & ~right).sum(), (~called & right).sum()]
    return iou(counts[None])


def report(lessons: Sequence[dict[str, Any]]) -> None:
    """Print the table of all lessons, their mean and their spread."""
    rows = [
        '| image | before | after | gain, 95 % | pixels | chosen | control | CPU s | wall s |',
        '|---|---|---|---|---|---|---|---|---|',
    ]
    for one in lessons:
        low, high = one['gain_95']
        cells = (
            one['image'],
            f'{one["before"]:.3f}',
            f'{one["after"]:.3f}',
            f'{low:+.3f} to {high:+.3f}',
            f'{one["pixel_size_m"]:.3g} m',
            one['choice'],
            f'{one["control"]:.3f}' if 'control' in one else '',
            f'{one["cpu_s"]:.0f}',
            f'{one["wall_s"]:.0f}',
        )
        rows.append(f'| {" | ".join(cells)} |')
    before, after = (np.array([one[name] for one in lessons]) for name in ('before', 'after'))
    for name, values in (('before', before), ('after', after), ('gain', after - before)):
        spread = f', spread {values.std(ddof=1):.3f}' if len(values) > 1 else ''
        rows.append(f'{name}: mean {values.mean():.3f}{spread}, least {values.min():.3f}')
    rows.append(f'peak memory {max(one["peak_gb"] for one in lessons):.2f} GB')
    sys.stdout.write('\n'.join(rows) + '\n')


def main() -> None:
    """Give the lessons, and print what they were worth."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('images', type=Path)
    parser.add_argument('masks', type=Path)
    parser.add_argument('--pixel-size', type=float, help='of images without a place, metres')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='of the images, these alone')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--network', type=Path, nargs=2, metavar=('CONFIG', 'CHECKPOINT'))
    parser.add_argument('--control', type=Path, nargs=2, metavar=('IMAGES', 'MASKS'))
    parser.add_argument('--control-pixel-size', type=float, default=10.0)
    parser.add_argument('--control-every', type=int, default=1, help='take every so many-th chip')
    parser.add_argument('--steps', type=int, default=STEPS)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    images = find_images(args.images, masks=args.masks, pixel_size=args.pixel_size)
    if args.only:
        images = [image for image in images if image.image.stem in args.only]
    lessons, known = [], {}
    for image in images:
        lesson = give_lesson(image, args.network, args)
        if args.control:
            start = choose_network(
                *(args.network or (None, None)), image.pixel_size, exported=False
            )
            if start.checkpoint not in known:
                known[start.checkpoint] = control_iou(start, args)
                sys.stdout.write(
                    f'control, {start.checkpoint.stem}: {known[start.checkpoint]:.3f}\n'
                )
            lesson['control'] = known[start.checkpoint]
            if lesson['network']:
                taught = Path(lesson['network']) / 'taught.pth'
                own = NetworkChoice(config=taught.with_suffix('.py'), checkpoint=taught, card=None)
                lesson['control'] = control_iou(own, args)
        lessons.append(lesson)
        report(lessons)


if __name__ == '__main__':
    main()
