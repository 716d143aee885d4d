"""Colours and words that all figures share."""

from __future__ import annotations

import re

from dfpenet_mm.vocabulary import Verdict
from dfpenet_mm.wording import decimal

# Hits, false alarms and misses are green, red and blue as in the paper, in tints that stay apart
# for the colour-blind (Okabe and Ito 2008).
HIT, FALSE_ALARM, MISS = '#009e73', '#d55e00', '#0072b2'
CONFUSION_COLOURS: dict[int, str] = {Verdict.TP: HIT, Verdict.FP: FALSE_ALARM, Verdict.FN: MISS}
CONFUSION_LABELS: dict[int, str] = {
    Verdict.TP: 'hit (TP)',
    Verdict.FP: 'false alarm (FP)',
    Verdict.FN: 'miss (FN)',
}
REFERENCE = '#ffe119'
# Neither colour occurs in a landscape.
KEPT, REMOVED = '#ff00d0', '#00c8ff'
KEPT_PALE = '#c9a3c4'
# What the first, the second, ... hook removed; the first two as in Fig. 10 (e).
BY_HOOK = ('#000000', '#d55e00', '#0072b2', '#e69f00')
NO_DATA = '#dcdcdc'
# What a reader must know.
WARNING = '#b00020'
# Around the area of interest, and the ground outside, which is drawn dark.
AREA, OUTSIDE = '#ffffff', '#3a3f3a'

DPI = 150
# Inches; what is set in 8 points still reads at 6 when a page shrinks the figure.
PAGE_WIDTH, PAGE_HEIGHT = 9.0, 11.5
SMALL, TEXT, HEADING = 7.5, 8.5, 11.0
# Mean width of a letter and pitch of lines of ``TEXT``, inches.
LETTER, LINE = 0.07, 0.155


def area_text(area_m2: float, decimals: int = 2) -> str:
    """Say an area so that it can be read, from square metres; km² with so many decimals."""
    if abs(area_m2) >= 1e5:
        return f'{area_m2 / 1e6:,.{decimals}f} km²'
    return f'{decimal(area_m2, 0)} m²'


# The paper's words for the shipped hooks; any other hook goes by its name.
WORDS = {
    'GeologicFilter': 'geologic filter',
    'TemporalDifference': 'comparison with the pre-event image',
}


def hook_words(hook: str) -> str:
    """Say a hook's name as words: ``SlopeFilter`` is a slope filter."""
    spaced = re.sub(r'(?<=[a-z0-9])(?=[A-Z])', ' ', hook)
    return WORDS.get(hook, spaced.lower() if spaced != hook else hook)
