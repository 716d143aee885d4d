"""Styles for QGIS 3 of the layers of an inventory and of an evaluation."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from dfpenet_mm.vocabulary import AREA_OF_INTEREST, HEADSCARPS, LANDSLIDES, REJECTED, Verdict
from postproc.evaluation.confusion_picture import COLOURS
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
POINTS_NEAREST, ELEVATIONS_NEAREST, REASONS_NEAREST = 20_000, 5_000, 10_000


def style_of(role: str) -> str:
    """Return the QML of a layer.

    Args:
        role: ``LANDSLIDES`` (outlines with their numbers, those of small ones when one is near
            enough), ``REJECTED`` (dashed outlines, each with its number and reason from
            1:10,000 on), ``HEADSCARPS`` (from 1:20,000 on a triangle that points up at the
            headscarp and down at the toe, from 1:5,000 on with elevations) or
            ``AREA_OF_INTEREST`` (all ground outside is dark).
    """
    return _STYLES[role]()


def _landslides() -> str:
    numbers = labels('"id"', colour=PURPLE, smallest_mm=NUMBERED_MM, properties=LARGE_FIRST)
    return qml(single(outline(MAGENTA)), numbers)


def _rejected() -> str:
    reasons = labels('"id" || \': \' || "reason"', colour=PETROL, size=7, nearest=REASONS_NEAREST)
    return qml(single(outline(CYAN, line='dash')), reasons)


def _headscarps() -> str:
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


def _area() -> str:
    return qml(outside(outline(WHITE, fill=VEIL)))


_STYLES = {
    LANDSLIDES: _landslides,
    REJECTED: _rejected,
    HEADSCARPS: _headscarps,
    AREA_OF_INTEREST: _area,
}


PREDICTED, REFERENCE = 'predicted', 'reference'
NOT_COUNTED = 'not counted'
# Of 255: the image is to be seen through a landslide.
TINT = 80
UNCOUNTED = '110,110,110'
THIN_MM = 0.35


def match_style(role: str) -> str:
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
