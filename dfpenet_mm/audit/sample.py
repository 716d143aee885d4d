"""A stratified random sample of the pixels of a map, in an order that is short to walk."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import rasterio
from rasterio.io import DatasetReader
from rasterio.windows import Window
from scipy.optimize import brentq

from dfpenet_mm.audit.estimators import AuditError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.rasters import open_raster
from dfpenet_mm.vocabulary import BACKGROUND, NODATA
from postproc.evaluation.pixel_comparison import near

# Background nearer to a mapped landslide than this is near its border.
BORDER_PX = 3
# Points that each stratum gets at least, as far as the sample and its pixels reach.
FEWEST_A_STRATUM = 50
FEWEST_POINTS = 30
# A round is a sample of its own: who stops after one has an audit.
ROUND = 50
ROWS_AT_ONCE = 512
# A network is never so sure of a whole stratum that no points are worth a look.
LEAST_SHARE = 0.01


class StratumName(StrEnum):
    """Parts of a map from which points are drawn."""

    LANDSLIDE = 'mapped landslide'
    NEAR = 'near its border'
    ELSEWHERE = 'elsewhere'


@dataclass(frozen=True)
class MapStratum:
    """A part of a map.

    Args:
        name: of the part.
        pixels: their number.
        area_m2: their area.
        mean_probability: what the network expects of them; None where it was not kept.
    """

    name: StratumName
    pixels: int
    area_m2: float
    mean_probability: float | None = None


@dataclass(frozen=True)
class SampledPixel:
    """A pixel of the sample.

    Args:
        stratum: from which it was drawn.
        row: from the top, from 0.
        col: from the left, from 0.
        round: in which it is to be seen, from 1.
        order: of the visit, over all rounds, from 1.
    """

    stratum: StratumName
    row: int
    col: int
    round: int = 1
    order: int = 1


def map_strata(mask: Path, probability: Path | None = None) -> list[MapStratum]:
    """Count the pixels of a map by stratum; those without data belong to none.

    Args:
        mask: uint8, 0 background, 255 nodata, anything else landslide.
        probability: of landslide, on the same grid; None without one.

    Returns:
        The strata that have pixels.

    Raises:
        InputFileError, RasterFormatError: if a raster cannot be read.
        AuditError: if no pixel has data.
    """
    count = np.zeros(len(StratumName), np.int64)
    area, expected = np.zeros(len(StratumName)), np.zeros(len(StratumName))
    with open_raster(mask) as source:
        grid = RasterGrid.from_dataset(source)
        for window, codes in _strata_by_window(source):
            inside = codes != NODATA
            found = np.bincount(codes[inside], minlength=len(StratumName))
            count += found
            area += found * math.prod(grid.window(window).pixel_size)
            if probability is not None:
                values = _read(probability, window)[inside].astype(float)
                expected += np.bincount(
                    codes[inside], np.nan_to_num(values), minlength=len(StratumName)
                )
    if not count.any():
        raise AuditError(f'{mask} has no pixel with data, so there is nothing to audit')
    return [
        MapStratum(
            name,
            int(count[number]),
            float(area[number]),
            float(expected[number] / count[number]) if probability is not None else None,
        )
        for number, name in enumerate(StratumName)
        if count[number]
    ]


def _strata_by_window(source: DatasetReader) -> Iterator[tuple[Window, np.ndarray]]:
    """Yield bands of rows and the number of every pixel's stratum, uint8; 255 without data."""
    for first in range(0, source.height, ROWS_AT_ONCE):
        rows = min(ROWS_AT_ONCE, source.height - first)
        above = min(first, BORDER_PX)
        below = min(source.height - first - rows, BORDER_PX)
        mask = source.read(1, window=Window(0, first - above, source.width, above + rows + below))
        mapped = (mask != BACKGROUND) & (mask != NODATA)
        codes = np.where(near(mapped, BORDER_PX), 1, 2).astype(np.uint8)
        codes[mapped] = 0
        codes[mask == NODATA] = NODATA
        yield Window(0, first, source.width, rows), codes[above : above + rows]


def _read(path: Path, window: Window) -> np.ndarray:
    with rasterio.open(path) as source:
        return source.read(1, window=window)


# What is expected where no probability was kept.
EXPECTED = {StratumName.LANDSLIDE: 0.7, StratumName.NEAR: 0.2, StratumName.ELSEWHERE: 0.01}


def allocate(strata: Sequence[MapStratum], points: int) -> list[int]:
    """Share points among strata.

    Each gets 50, or a quarter of all if that is less; what is left goes where it narrows the
    interval of the area most: in proportion to size times the standard deviation that the
    network's mean probability lets expect (Neyman's allocation, with a floor).

    Args:
        strata: with pixels.
        points: to share.

    Returns:
        Points a stratum, never more than its pixels.

    Raises:
        AuditError: for fewer than 30 points, or more than there are pixels.
    """
    pixels = np.array([stratum.pixels for stratum in strata])
    if points < FEWEST_POINTS:
        raise AuditError(
            f'{points} points tell too little; give at least {FEWEST_POINTS}, better 200, with '
            f'--points'
        )
    if points > pixels.sum():
        raise AuditError(
            f'{points:,} points are more than the {pixels.sum():,} pixels with data; give fewer '
            f'with --points'
        )
    means = [
        EXPECTED[stratum.name] if stratum.mean_probability is None else stratum.mean_probability
        for stratum in strata
    ]
    shares = np.clip(means, LEAST_SHARE, 1 - LEAST_SHARE)
    wish = pixels * np.sqrt(shares * (1 - shares))
    fewest = np.minimum(pixels, min(FEWEST_A_STRATUM, points // 4))

    def shared(scale: float) -> np.ndarray:
        return np.clip(scale * wish, fewest, pixels)

    # Where every pixel is asked for, rounding would miss the last one by a hair.
    most = 2 * pixels.sum() / wish.min()
    scale = brentq(lambda value: shared(value).sum() - points, 0, most)
    exact = shared(scale)
    given = np.floor(exact + 1e-6).astype(int)
    # What rounding left goes to the largest remainders.
    for place in np.argsort(given - exact, kind='stable')[: points - given.sum()]:
        given[place] += 1
    return given.tolist()


def draw_sample(
    mask: Path, strata: Sequence[MapStratum], points: Sequence[int], seed: int
) -> list[SampledPixel]:
    """Draw pixels at random from each stratum, none twice.

    Args:
        mask: as for ``map_strata``, unchanged since.
        strata: of that mask.
        points: to draw from each.
        seed: of the draw; the same one gives the same points.

    Returns:
        Pixels in the order of the visit. Rounds of about 50 are samples of their own, with their
        share of every stratum; within a round the way from point to point is short.
    """
    rng = np.random.default_rng(seed)
    rounds = max(1, sum(points) // ROUND)
    wanted = {
        list(StratumName).index(stratum.name): rng.permutation(
            rng.choice(stratum.pixels, number, replace=False)
        )
        for stratum, number in zip(strata, points, strict=True)
    }
    found = list(_pixels(mask, wanted, rounds))
    ordered: list[SampledPixel] = []
    for number in range(1, rounds + 1):
        members = [pixel for pixel in found if pixel.round == number]
        way = short_way(np.array([(pixel.row, pixel.col) for pixel in members], float))
        ordered += [members[place] for place in way]
    return [
        SampledPixel(pixel.stratum, pixel.row, pixel.col, pixel.round, order)
        for order, pixel in enumerate(ordered, 1)
    ]


def _pixels(mask: Path, wanted: dict[int, np.ndarray], rounds: int) -> Iterator[SampledPixel]:
    """Find the pixels of each stratum by their numbers, counted row by row."""
    before = dict.fromkeys(wanted, 0)
    with open_raster(mask) as source:
        for window, codes in _strata_by_window(source):
            for code, numbers in wanted.items():
                places = np.flatnonzero(codes == code)
                inside = (numbers >= before[code]) & (numbers < before[code] + len(places))
                for turn in np.flatnonzero(inside):
                    row, col = divmod(int(places[numbers[turn] - before[code]]), source.width)
                    yield SampledPixel(
                        list(StratumName)[code],
                        row + int(window.row_off),
                        col,
                        1 + int(turn) * rounds // len(numbers),
                    )
                before[code] += len(places)


def short_way(places: np.ndarray) -> list[int]:
    """Order places so that the way through all of them is short.

    Args:
        places: shape (places, 2).

    Returns:
        Their numbers: always on to the nearest one left, from the upper left, and then crossings
        of the way undone as long as that shortens it (2-opt).
    """
    if not len(places):
        return []
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    way, left = [], set(range(len(places)))
    here = int(np.argmin(places.sum(axis=1)))
    while True:
        way.append(here)
        left.discard(here)
        if not left:
            break
        rest = sorted(left)
        here = rest[int(np.argmin(apart[here, rest]))]
    shorter = True
    while shorter:
        shorter = False
        for first in range(1, len(way) - 2):
            ends = np.array(way[first + 1 :])
            after = np.append(ends[1:], -1)
            old = apart[way[first - 1], way[first]] + np.where(after >= 0, apart[ends, after], 0)
            new = apart[way[first - 1], ends] + np.where(after >= 0, apart[way[first], after], 0)
            best = int(np.argmin(new - old))
            if new[best] < old[best] - 1e-9:
                last = first + 1 + best
                way[first : last + 1] = way[first : last + 1][::-1]
                shorter = True
    return way
