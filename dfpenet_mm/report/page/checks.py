"""Checks that tell a responder how far to rely on the run, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dfpenet_mm.report.page.columns import decimal, percent
from dfpenet_mm.report.page.key_numbers import (
    SceneFacts,
    confidence,
    count_true,
    largest,
)
from dfpenet_mm.wording import agreeing, counted, metres

# Shares above which a reader should look twice.
NODATA, EDGE, DOUBTS = 0.05, 0.05, 0.25
# Share of the mapped landslide area that is landslide by its probability, below which a reader
# should look twice: on validation data the shipped networks have 0.7 to 0.8.
EXPECTED = 0.6
SHIFT_PX = 1.0
# Share of windows unlike the training ground from which it is another kind of ground.
UNSEEN = 0.5
# Shares of landslides found, and rightly found, below which a reader should look twice.
AGREEMENT = 0.7


@dataclass(frozen=True)
class Check:
    """One check and its result.

    Args:
        question: what was looked at.
        state: ``good``, ``look`` (a reader should check it) or ``unknown``.
        answer: what was found, a sentence.
    """

    question: str
    state: str
    answer: str


def checks(
    *,
    table: pd.DataFrame,
    summary: Mapping[str, Any],
    facts: SceneFacts,
    has_pre: bool,
    edited: bool = False,
) -> list[Check]:
    """Answer what can be answered from a run's products.

    Args:
        table: the landslides.
        summary: of the run.
        facts: of the scene.
        has_pre: whether the run had a pre-event image.
        edited: whether the landslides are no longer those of the run.
    """
    answers = [
        _nodata(facts),
        _pixel_size(summary),
        _ground(summary),
        _probability(summary),
        *(_pre_event(table, summary) if has_pre else [_no_pre_event()]),
        _edge(table),
        _confidence(table, summary),
        _evaluation(summary, edited=edited),
    ]
    return [answer for answer in answers if answer is not None]


def _nodata(facts: SceneFacts) -> Check:
    share = facts.nodata_share
    asked, rest = 'the scene', ''
    if facts.area_name:
        asked, rest = 'the area of interest', ' Nothing was mapped outside it.'
    if share <= 0:
        return Check('Area without data', 'good', f'All of {asked} has data.{rest}')
    # A few pixels without data are no 0.0 %.
    text = 'Under 0.1 %' if share < 0.001 else f'{100 * share:.1f} %'
    return Check(
        'Area without data',
        'look' if share > NODATA else 'good',
        f'{text} of {asked} has no data and could not be mapped.{rest}',
    )


def _pixel_size(summary: Mapping[str, Any]) -> Check | None:
    network = summary.get('network') or {}
    gsd, limits = network.get('image_m'), network.get('known_m')
    if gsd is None or not limits:
        return None
    known = f'{metres(limits[0])} to {metres(limits[1])} m'
    coarse = network.get('averaged_to_m')
    if coarse:
        return Check(
            'Pixel size',
            'good',
            f'{metres(gsd)} m, finer than the network knows ({known}): the image was averaged down '
            f'to {metres(coarse)} m.',
        )
    fits = gsd <= limits[1]
    side = 'inside' if fits else 'outside'
    return Check(
        'Pixel size',
        'good' if fits else 'look',
        f'{metres(gsd)} m, {side} the range that the network knows, {known}.',
    )


def _no_pre_event() -> Check:
    return Check(
        'Pre-event image',
        'unknown',
        'None was given: landslides older than the event cannot be told from new ones.',
    )


def _ground(summary: Mapping[str, Any]) -> Check | None:
    found = summary.get('novelty')
    if not found:
        return None
    return Check(
        'Ground',
        'look' if found['share'] >= UNSEEN else 'good',
        f'{found["beyond"]:,} of {counted(found["windows"], "window")} of the image '
        f'({100 * found["share"]:.0f} %) {agreeing(found["beyond"], "is", "are")} further from the '
        f'ground that the network was trained on than 99 % of that ground itself.',
    )


# Where a threshold comes from, by what a summary calls it.
THRESHOLDS = {
    'network': 'the best one on those images',
    'user': 'as it was asked for',
    'config': 'as the settings of the network have it',
}


def _probability(summary: Mapping[str, Any]) -> Check | None:
    found = summary.get('probability')
    if not found:
        return None
    threshold = (
        f'A pixel is called landslide from a probability of {found["threshold"]:.2g} on, '
        f'{THRESHOLDS.get(found["threshold_from"], "as it was set")}.'
    )
    if not found['calibration']:
        return Check(
            'Probability',
            'unknown',
            f'Not calibrated: it ranks pixels, and 0.7 does not mean that 7 in 10 of them are '
            f'landslide. {threshold}',
        )
    fitted_on = found['calibration'].get('fitted_on') or 'validation data'
    return Check(
        'Probability',
        'good',
        f'Calibrated: a probability of 0.7 means that 7 in 10 such pixels are landslide, measured '
        f'on {fitted_on}. {threshold}',
    )


def _pre_event(table: pd.DataFrame, summary: Mapping[str, Any]) -> list[Check]:
    answers = []
    found = summary.get('results', {}).get('TemporalDifference') or {}
    if found.get('trusted') is False:
        ratio = found.get('pre_to_post')
        told = f' ({ratio:.2f} times the area after it)' if ratio is not None else ''
        answers.append(
            Check(
                'Snow or cloud',
                'look',
                f'The area recognised as landslides before the event is implausibly large{told}: '
                f'snow, cloud or another season is likely. The pre-event image removed nothing.',
            )
        )
    elif found.get('trusted'):
        answers.append(
            Check('Snow or cloud', 'good', 'The pre-event image gives a plausible result.')
        )
    if 'pre_coverage' in table and len(table):
        without = int((pd.to_numeric(table['pre_coverage'], errors='coerce') == 0).sum())
        answers.append(
            Check(
                'Pre-event data',
                'look' if without else 'good',
                f'{without:,} of {counted(len(table), "landslide")} '
                f'{agreeing(without, "lies", "lie")} where the pre-event image has no data; '
                f'{agreeing(without, "it", "they")} may be older than the event.'
                if without
                else 'Every landslide lies where the pre-event image has data.',
            )
        )
    return [*answers, *_shift(summary)]


def _shift(summary: Mapping[str, Any]) -> list[Check]:
    shift = (summary.get('pre_event') or {}).get('shift')
    if not shift or shift.get('length_m') is None:
        return []
    if not shift.get('certain', True):
        return [Check('Shift of the images', 'look', 'The shift could not be measured reliably.')]
    pixels = shift.get('length_pixels')
    told = '' if pixels is None else f' ({pixels:.1f} pixels)'
    state = 'look' if pixels is not None and pixels > 2 * SHIFT_PX else 'good'
    text = (
        f'The images are shifted by {decimal(shift["length_m"], 1)} m{told} relative to each other.'
    )
    return [Check('Shift of the images', state, text)]


def _edge(table: pd.DataFrame) -> Check | None:
    touching = count_true(table, 'touches_edge')
    if touching is None:
        return None
    if not touching:
        return Check('Cut outlines', 'good', 'No landslide touches the edge of the mapped area.')
    # Decisions depend on the size of the largest.
    cut = sum(bool(row['touches_edge']) for row in largest(table))
    told = f', including {cut} of the largest' if cut else ''
    return Check(
        'Cut outlines',
        'look' if cut or touching > EDGE * len(table) else 'good',
        f'{touching:,} of {counted(len(table), "landslide")} '
        f'{agreeing(touching, "touches", "touch")} the edge of the mapped area{told}; '
        f'{agreeing(touching, "its outline is", "their outlines are")} cut there.',
    )


def _confidence(table: pd.DataFrame, summary: Mapping[str, Any]) -> Check | None:
    found = confidence(table, summary)
    if found is None:
        return None
    expected = found['expected']
    told = ''
    if expected is not None:
        told = f'By its probability {expected:.0%} of the mapped landslide area is landslide. '
    look = found['doubtful'] > DOUBTS if expected is None else expected < EXPECTED
    told += (
        f'{found["doubtful"]:.0%} of the landslides have a mean probability below '
        f'{found["doubtful_below"]:g}; review these first.'
    )
    return Check('Confidence', 'look' if look else 'good', told.replace('%', ' %'))


def _evaluation(summary: Mapping[str, Any], *, edited: bool) -> Check:
    found = list((summary.get('evaluation') or {}).values())
    if found and edited:
        return Check(
            'Comparison',
            'unknown',
            'The run was compared with a reference (see Evaluation), the later edits were not.',
        )
    if found:
        counts = found[-1].get('landslides') or {}
        shares = [counts.get(name) for name in ('recall', 'precision')]
        recall, precision = map(percent, shares)
        return Check(
            'Comparison',
            'good' if all((share or 0) >= AGREEMENT for share in shares) else 'look',
            f'{recall} of the reference landslides were found, and {precision} of the landslides '
            f'on this map are in the reference; see Evaluation.',
        )
    return Check(
        'Comparison',
        'unknown',
        'No reference inventory was given, so the accuracy of the map was not measured.',
    )
