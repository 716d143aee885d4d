"""How often the intervals of an audit hold the truth, and how true the chance of a landslide is.

    python benchmarks/audit.py MAP TRUTH.tif [--points 200 400] [--audits 1000]

MAP is the folder of a finished run, TRUTH.tif a raster on its grid, 1 where there is landslide: it
judges in the analyst's place. For the chance, a landslide is confirmed if at least half of it
lies on true ones; those of a third of the ground, in squares drawn at random, are judged, and
the chance of the others is compared with what is true.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from unittest.mock import patch

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.features import rasterize

# Beside this file lies one named postproc.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).parent]

from dfpenet_mm.audit import sample as sampling  # noqa: E402
from dfpenet_mm.audit.chance import landslide_chance  # noqa: E402
from dfpenet_mm.audit.findings import accuracy_findings, reliability  # noqa: E402
from dfpenet_mm.vocabulary import NODATA, Judgement  # noqa: E402

Z = 1.96
SQUARES = 12
FINDINGS = {
    'users_accuracy': 'users',
    'producers_accuracy': 'producers',
    'overall_accuracy': 'overall',
    'landslide_area_m2': 'area',
}


def coverage(folder: Path, truth: np.ndarray, points: int, audits: int) -> dict[str, list[float]]:
    """Draw audits and count those whose intervals hold the truth: ours, and the usual ones."""
    path = folder / 'mask.tif'
    with rasterio.open(path) as source:
        mask = source.read(1)
        pixel = abs(source.transform.a * source.transform.e)
    known, mapped = mask != NODATA, (mask != 0) & (mask != NODATA)
    right = {
        'users_accuracy': truth[mapped].mean(),
        'producers_accuracy': mapped[known & truth].mean(),
        'overall_accuracy': (mapped == truth)[known].mean(),
        'landslide_area_m2': truth[known].sum() * pixel,
    }
    probability = folder / 'probability.tif'
    strata = sampling.map_strata(path, probability if probability.is_file() else None)
    shares = sampling.allocate(strata, points)
    held = {name: [0, 0] for name in right}
    # Where the pixels lie is looked up once, and the order of the visit does not matter.
    windows = [(window, codes.copy()) for window, codes in _windows(path)]
    with (
        patch.object(sampling, '_strata_by_window', lambda _: iter(windows)),
        patch.object(sampling, 'short_way', lambda places: list(range(len(places)))),
    ):
        for seed in range(audits):
            drawn = sampling.draw_sample(path, strata, shares, seed)
            rows, cols = [p.row for p in drawn], [p.col for p in drawn]
            words = np.where(truth[rows, cols], Judgement.LANDSLIDE, Judgement.NOT_LANDSLIDE)
            table = pd.DataFrame(
                {'stratum': [str(p.stratum) for p in drawn], 'verdict': words.astype(object)}
            )
            found = accuracy_findings(table, strata, mapped[rows, cols])
            for name, value in right.items():
                estimate = found[name]
                if estimate['value'] is None:
                    continue
                held[name][0] += estimate['low'] <= value <= estimate['high']
                held[name][1] += abs(estimate['value'] - value) <= Z * estimate['standard_error']
    print(f'{points} points: {shares}')
    return {name: [100 * count / audits for count in counts] for name, counts in held.items()}


def _windows(path: Path) -> list:
    with rasterio.open(path) as source:
        return list(sampling._strata_by_window(source))


def chance_errors(folder: Path, truth: np.ndarray, draws: int, judged: str) -> np.ndarray:
    """Return expected calibration errors of probability and chance on unreviewed ground."""
    table = gpd.read_file(folder / 'landslides.gpkg', layer='landslides')
    with rasterio.open(folder / 'mask.tif') as source:
        numbers = rasterize(
            zip(table.geometry, range(1, len(table) + 1), strict=True),
            source.shape,
            transform=source.transform,
            dtype='int32',
        )
        rows, cols = source.shape
        places = np.array([~source.transform @ (p.x, p.y) for p in table.geometry.centroid])
    pixels = np.bincount(numbers.ravel(), minlength=len(table) + 1)[1:]
    true = np.bincount(numbers[truth], minlength=len(table) + 1)[1:]
    confirmed = true >= 0.5 * np.maximum(pixels, 1)
    square = (places[:, 1] * SQUARES // rows) * SQUARES + places[:, 0] * SQUARES // cols
    errors = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        if judged == 'order':
            seen = table['review_order'].rank().to_numpy() <= len(table) / 3
        elif judged == 'landslides':
            seen = rng.random(len(table)) < 1 / 3
        else:
            seen = np.isin(square, rng.permutation(SQUARES**2)[: SQUARES**2 // 3])
        verdict = np.where(confirmed, 'confirmed', 'rejected').astype(object)
        verdict[~seen] = 'unreviewed'
        chance = landslide_chance(table.assign(review=verdict)).to_numpy()
        rest = np.isfinite(chance)
        if rest.any():
            raw = table['mean_probability'].to_numpy()[rest]
            ones = np.ones(rest.sum())
            errors.append(
                [
                    reliability(values, confirmed[rest], ones)['expected_error']
                    for values in (raw, chance[rest])
                ]
            )
    print(f'{len(table)} landslides, {confirmed.mean():.1%} confirmed')
    return np.array(errors)


def main() -> None:
    """Measure what a command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    parser.add_argument('truth', type=Path)
    parser.add_argument('--points', type=int, nargs='+', default=[200, 400])
    parser.add_argument('--audits', type=int, default=1000)
    parser.add_argument('--draws', type=int, default=20, help='of ground that is reviewed')
    parser.add_argument(
        '--judged',
        choices=('squares', 'landslides', 'order'),
        default='squares',
        help='a third of the ground, of the landslides, or the first third of the review order',
    )
    args = parser.parse_args()
    with rasterio.open(args.truth) as source:
        truth = source.read(1) == 1
    for points in args.points:
        held = coverage(args.folder, truth, points, args.audits)
        for name, (ours, usual) in held.items():
            print(f'  {FINDINGS[name]:9s} held {ours:5.1f} %, by the usual interval {usual:5.1f} %')
    errors = chance_errors(args.folder, truth, args.draws, args.judged)
    if len(errors):
        (raw, chance), (raw_spread, spread) = errors.mean(axis=0), errors.std(axis=0)
        met = np.mean(errors[:, 1] <= errors[:, 0] / 2)
        print(
            f'calibration error: probability {raw:.3f} ± {raw_spread:.3f}, chance {chance:.3f} ± '
            f'{spread:.3f}; at most half in {met:.0%} of draws'
        )


if __name__ == '__main__':
    main()
