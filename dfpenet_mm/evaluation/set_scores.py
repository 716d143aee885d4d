"""Scores of a set of images, each with the interval in which it would lie with other images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.evaluation.image_tally import CLASSES, COLUMNS, EDGES_M2, EDGES_PX, ImageTally
from dfpenet_mm.reliability import LIKELY, ProbabilityCounts
from dfpenet_mm.wording import counted

RESAMPLES = 2000
LEVEL = 95.0
# Images resampled at once, so that their weights stay below some 100 MB.
CHUNK = 5_000_000
Names = tuple[str, ...]
# Scores as sums of columns over sums of columns; a column may count twice.
JUDGED: Names = ('tn', 'fp', 'fn', 'tp')
LANDSLIDES: Names = tuple(f'landslides_{index}' for index in CLASSES)
FOUND: Names = tuple(f'found_{index}' for index in CLASSES)
COVERED: Names = tuple(f'covered_{index}' for index in CLASSES)
SHARES: Mapping[str, tuple[Names, Names]] = {
    'precision': (('tp',), ('tp', 'fp')),
    'recall': (('tp',), ('tp', 'fn')),
    'F1': (('tp', 'tp'), ('tp', 'tp', 'fp', 'fn')),
    'IoU': (('tp',), ('tp', 'fp', 'fn')),
    'marked': (('tp', 'fp'), JUDGED),
    'landslides_found': (FOUND, LANDSLIDES),
    'landslides_covered': (COVERED, LANDSLIDES),
}
# Those that a metric gives without their intervals too.
PIXELS: Names = ('precision', 'recall', 'F1', 'IoU')
# The same without the pixels at boundaries, which are taken off the denominator.
AT_BOUNDARIES: Names = ('fp_at_boundary', 'fn_at_boundary')
TOLERANT = 'IoU_one_pixel'
FALSE_REGIONS = {True: 'false_regions_per_km2', False: 'false_regions_per_Mpx'}
Interval = dict[str, float | None]


def score_set(
    tallies: Sequence[ImageTally],
    *,
    in_metres: bool,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Score a set of images from the tallies of each.

    Counts are summed before ratios are taken. An interval holds the middle 95 % of what sets of
    as many images score that are drawn from these with replacement: it tells how much hangs on
    which images were taken, and nothing of ground that none of them shows.

    Args:
        tallies: one an image; at least one.
        in_metres: whether they were made with a pixel size.
        resamples: sets that are drawn; 0 for no intervals.
        seed: of the draws.

    Returns:
        Plain JSON values: ``images``, ``scores`` by name, ``size_classes``, and ``calibration``,
        which is None where no probabilities were given. Scores are
        ``{'value', 'low', 'high'}``, in percent but for the false regions; None where there is
        nothing to count, and with one image for both limits.

    Raises:
        ConfigError: if there is no image, or ``resamples`` is negative.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    if not tallies or resamples < 0:
        raise ConfigError(
            f'{len(tallies)} images and {resamples} draws were given; give at least one image, and '
            f'0 draws or more'
        )
    counts = np.array([[tally.counts[name] for name in COLUMNS] for tally in tallies])
    sums = counts.sum(axis=0)
    drawn = _draw(counts, resamples if len(counts) > 1 else 0, np.random.default_rng(seed))
    ratios = _ratios(in_metres=in_metres)
    intervals = {name: _interval(ratio, sums, drawn) for name, ratio in ratios.items()}
    return {
        'images': len(tallies),
        'resamples': resamples,
        'scores': {
            name: found for name, found in intervals.items() if name not in (*FOUND, *COVERED)
        },
        'size_classes': list(_size_classes(sums, intervals, in_metres=in_metres)),
        'calibration': _calibration(tallies),
    }


def _draw(counts: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Sum the counts of sets drawn with replacement, shape (resamples, columns)."""
    images = len(counts)
    step = max(1, CHUNK // images)
    parts = [
        rng.multinomial(images, np.full(images, 1 / images), size=min(step, resamples - done))
        @ counts
        for done in range(0, resamples, step)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, counts.shape[1]))


# How often each column counts above and below the line, and a factor.
Ratio = tuple[np.ndarray, np.ndarray, float]


def _ratios(*, in_metres: bool) -> dict[str, Ratio]:
    ratios: dict[str, Ratio] = {
        name: (_weights(above), _weights(below), 100.0) for name, (above, below) in SHARES.items()
    }
    above, below, factor = ratios['IoU']
    ratios[TOLERANT] = (above, below - _weights(AT_BOUNDARIES), factor)
    false = _weights(('false_regions',)), _weights(('ground',)), 1.0
    ratios[FALSE_REGIONS[in_metres]] = false
    for kind in (FOUND, COVERED):
        for found, landslides in zip(kind, LANDSLIDES, strict=True):
            ratios[found] = (_weights((found,)), _weights((landslides,)), 100.0)
    return ratios


def _weights(names: Sequence[str]) -> np.ndarray:
    return np.array([names.count(column) for column in COLUMNS], float)


def _interval(ratio: Ratio, sums: np.ndarray, drawn: np.ndarray) -> Interval:
    above, below, factor = ratio
    value = _quotient(sums @ above, sums @ below) * factor
    # A set without a single marked pixel has no precision, and says nothing of it.
    defined = _quotient(drawn @ above, drawn @ below) * factor
    defined = defined[np.isfinite(defined)]
    tail = (100 - LEVEL) / 2
    limits = np.percentile(defined, (tail, 100 - tail)) if defined.size else (math.nan, math.nan)
    named = zip(('value', 'low', 'high'), (value, *limits), strict=True)
    return {name: _plain(number) for name, number in named}


def _quotient(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    below = np.asarray(below, float)
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)


def _plain(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def _size_classes(
    sums: np.ndarray, intervals: Mapping[str, Interval], *, in_metres: bool
) -> Iterator[dict[str, Any]]:
    edges = EDGES_M2 if in_metres else EDGES_PX
    limits = zip([0.0, *edges], [*edges, None], FOUND, COVERED, LANDSLIDES, strict=True)
    for low, high, found, covered, landslides in limits:
        yield {
            'from': low,
            'to': high,
            'unit': 'm2' if in_metres else 'pixels',
            'landslides': int(sums[COLUMNS.index(landslides)]),
            'found': int(sums[COLUMNS.index(found)]),
            'recall': intervals[found],
            'covered': intervals[covered],
        }


def _calibration(tallies: Sequence[ImageTally]) -> dict[str, float | None] | None:
    """Return calibration errors and the Brier score, in percent; None without probabilities."""
    total = ProbabilityCounts()
    for tally in tallies:
        for held, part in ((total.landslide, tally.landslide), (total.other, tally.other)):
            held[tally.steps] += part
    if not total.pixels.any():
        return None
    errors = {
        'ECE': total.expected_error(),
        'ECE_likely': total.expected_error(above=LIKELY),
        'Brier': total.brier(),
    }
    return {name: _plain(100 * error) for name, error in errors.items()}


def flat_scores(found: Mapping[str, Any]) -> dict[str, float]:
    """Name the parts of ``score_set`` one by one, as a log of numbers wants them.

    Returns:
        What ``score_set`` found but for the pixel scores' own values, which the log has already;
        NaN where there was nothing to count.
    """
    flat: dict[str, float | None] = {}
    for name, score in found['scores'].items():
        own = {} if name in PIXELS else {name: score['value']}
        flat |= own | {f'{name}.{limit}': score[limit] for limit in ('low', 'high')}
    for part in found['size_classes']:
        name = f'{part["from"]:g}_{part["unit"]}'
        flat |= {f'found.{name}': part['recall']['value']}
        flat |= {f'covered.{name}': part['covered']['value']}
    flat |= found['calibration'] or {}
    return {name: math.nan if value is None else value for name, value in flat.items()}


def scores_as_text(found: Mapping[str, Any]) -> str:
    """Draw what ``score_set`` found as lines of text."""
    title = f'{counted(found["images"], "image")}, 95 % intervals over images'
    lines = [title, *(f'{name:<24}{shown(score)}' for name, score in found['scores'].items())]
    for part in found['size_classes']:
        if part['landslides']:
            size = (
                f'{part["from"]:,g} to {part["to"]:,g}' if part['to'] else f'{part["from"]:,g} up'
            )
            of = f'{part["found"]:,} of {part["landslides"]:,}'
            name = f'found, {size} {part["unit"]}'
            lines.append(f'{name:<32}{shown(part["recall"])}, {of}')
    errors = (found['calibration'] or {}).items()
    lines += [f'{name:<24}{"-" if value is None else f"{value:.2f}"}' for name, value in errors]
    return '\n'.join(lines)


def size_text(part: Mapping[str, Any]) -> str:
    """Say the limits of a class of sizes: ``100 to 1,000 m2``."""
    top = f' to {part["to"]:,g}' if part['to'] else ''
    return f'{part["from"]:,g}{top} {part["unit"]}{"" if part["to"] else " and more"}'


def shown(score: Interval) -> str:
    """Write a score with its interval: ``56.86 [54.1, 59.2]``; a dash for what has none."""
    if score['value'] is None:
        return '-'
    limits = '' if score['low'] is None else f' [{score["low"]:.1f}, {score["high"]:.1f}]'
    return f'{score["value"]:.2f}{limits}'
