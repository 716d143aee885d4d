"""Styles for QGIS 3 of the layers of an inventory and of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from dfpenet_mm.review import LABELS
from dfpenet_mm.vocabulary import (
    AREA_OF_INTEREST,
    HEADSCARPS,
    LANDSLIDES,
    PLACES_TO_CHECK,
    REJECTED,
    REVIEW,
    REVIEW_ORDER,
    REVIEWED_AREA,
    Review,
    Verdict,
)
from postproc.evaluation.confusion_picture import COLOURS
from postproc.inventory.qgis_form import form
from postproc.inventory.qgis_symbols import (
    AROUND,
    WHITE,
    by_value,
    labels,
    outline,
    outside,
    qml,
    single,
    triangle,
)

# Outlines as in the project's pictures.
MAGENTA, CYAN, YELLOW = '255,0,208,255', '0,200,255,255', '255,221,0,255'
# Laid over ground that nobody asked for: it is dark as in the project's pictures.
VEIL = '0,0,0,150'
# The same hues, dark enough for text on a white rim.
PURPLE, PETROL, GREY = '190,0,155,255', '0,85,120,255', '60,60,60,255'
# A number is two or three millimetres wide: at any scale the landslides of about its size and
# larger have theirs, so that twenty thousand of them do not hide the map they are on.
NUMBERED_MM = 1.2
# Where several numbers do not fit beside each other, the larger landslide keeps its own.
LARGE_FIRST = {'Priority': 'scale_linear(log10("area_m2"), 2, 6, 2, 10)'}
# By state; the map of a run is magenta as a whole, as in the project's pictures.
GREEN, ORANGE = '110,255,60,255', '255,140,0,255'
STATES = {
    Review.UNREVIEWED: (MAGENTA, 'solid'),
    Review.CONFIRMED: (GREEN, 'solid'),
    Review.REJECTED: (CYAN, 'dash'),
    Review.EDITED: (YELLOW, 'solid'),
    Review.ADDED: (ORANGE, 'solid'),
}
# What is drawn in a program without our form has no state.
STATE = f"coalesce(nullif(lower(trim(\"{REVIEW}\")), ''), '{Review.UNREVIEWED}')"
# Of 255: the image is to be seen through an area.
SHADE = '110,255,60,26'
POINTS_NEAREST, ELEVATIONS_NEAREST, REASONS_NEAREST = 20_000, 5_000, 10_000


def style_of(role: str, columns: Sequence[str] = ()) -> str:
    """Return the QML of a layer.

    Args:
        role: ``LANDSLIDES`` (outlines with their numbers, those of small ones when one is near
            enough), ``REJECTED`` (dashed outlines, each with its number and reason from
            1:10,000 on), ``HEADSCARPS`` (from 1:20,000 on a triangle that points up at the
            headscarp and down at the toe, from 1:5,000 on with elevations),
            ``AREA_OF_INTEREST`` (all ground outside is dark), ``REVIEWED_AREA`` (a green veil) or
            ``PLACES_TO_CHECK`` (white squares, those that were looked at green).
        columns: of the layer; with those of a review, landslides are coloured by state, and there
            is a form to fill in.
    """
    return _STYLES[role](columns)


def _landslides(columns: Sequence[str]) -> str:
    numbers = labels('"id"', colour=PURPLE, smallest_mm=NUMBERED_MM, properties=LARGE_FIRST)
    if REVIEW not in columns:
        return qml(single(outline(MAGENTA)), numbers)
    symbols = {
        str(state): (LABELS[state], outline(colour, line=line))
        for state, (colour, line) in STATES.items()
    }
    return qml(by_value(STATE, symbols), numbers, form=form(columns))


def _reviewed_area(columns: Sequence[str]) -> str:
    return qml(single(outline(GREEN, line='dot', fill=SHADE)), form=form(columns))


def _places(columns: Sequence[str]) -> str:
    symbols = {
        str(Review.UNREVIEWED): ('look here', outline(WHITE, line='dash')),
        str(Review.CONFIRMED): ('looked at everything', outline(GREEN, line='dash')),
    }
    numbers = labels(f'"{REVIEW_ORDER}"', colour=GREY, size=7)
    return qml(by_value(STATE, symbols), numbers, form=form(columns))


def _rejected(_columns: Sequence[str]) -> str:
    reasons = labels('"id" || \': \' || "reason"', colour=PETROL, size=7, nearest=REASONS_NEAREST)
    return qml(single(outline(CYAN, line='dash')), reasons)


def _headscarps(_columns: Sequence[str]) -> str:
    symbols = {
        'headscarp': ('headscarp (highest point)', triangle(YELLOW, angle=0)),
        'toe': ('toe (lowest point)', triangle(WHITE, angle=180)),
    }
    elevations = labels(
        'round("elevation_m") || \' m\'',
        colour=GREY,
        size=7,
        placement=AROUND,
        nearest=ELEVATIONS_NEAREST,
    )
    return qml(by_value('kind', symbols), elevations, nearest=POINTS_NEAREST)


def _area(_columns: Sequence[str]) -> str:
    return qml(outside(outline(WHITE, fill=VEIL)))


_STYLES = {
    LANDSLIDES: _landslides,
    REJECTED: _rejected,
    HEADSCARPS: _headscarps,
    AREA_OF_INTEREST: _area,
    REVIEWED_AREA: _reviewed_area,
    PLACES_TO_CHECK: _places,
}


PREDICTED, REFERENCE = 'predicted', 'reference'
NOT_COUNTED = 'not counted'
# Of 255: the image is to be seen through a landslide.
TINT = 80
UNCOUNTED = '110,110,110'
THIN_MM = 0.35


def match_style(role: str, _columns: Sequence[str] = ()) -> str:
    """Return the QML of a layer.

    Args:
        role: ``PREDICTED`` (hits green, false alarms red, tinted and numbered) or
            ``REFERENCE`` (misses blue, tinted and numbered; what was found is a dashed green
            outline without a number, as the predicted landslide on it has one).
    """
    tp, fp, fn = (_rgb(verdict) for verdict in (Verdict.TP, Verdict.FP, Verdict.FN))
    uncounted = NOT_COUNTED, outline(f'{UNCOUNTED},255', line='dot', width=THIN_MM)
    if role == PREDICTED:
        symbols = {'TP': ('TP hit', _tinted(tp)), 'FP': ('FP false alarm', _tinted(fp))}
        number, colours = '"id"', {'TP': tp, 'FP': fp}
    else:
        found = outline(f'{tp},255', line='dash', width=THIN_MM)
        symbols = {'FN': ('FN miss', _tinted(fn)), 'TP': ('TP found', found)}
        number, colours = 'if("status" = \'TP\', NULL, "id")', {'FN': fn}
    by_status = ' '.join(f"WHEN \"status\" = '{key}' THEN '{colours[key]}'" for key in colours)
    properties = {'Color': f"CASE {by_status} ELSE '{UNCOUNTED}' END", **LARGE_FIRST}
    return qml(
        by_value('status', {**symbols, NOT_COUNTED: uncounted}),
        labels(number, smallest_mm=NUMBERED_MM, properties=properties),
    )


def _rgb(verdict: Verdict) -> str:
    return ','.join(map(str, COLOURS[verdict][:3]))


def _tinted(colour: str) -> Element:
    return outline(f'{colour},255', fill=f'{colour},{TINT}')
