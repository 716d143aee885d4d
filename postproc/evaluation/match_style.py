"""What the layers of an evaluation look like in QGIS: the colours of the paper's maps."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from postproc.evaluation.confusion import Verdict
from postproc.evaluation.confusion_raster import COLOURS
from postproc.inventory.qgis_style import LARGE_FIRST, NUMBERED_MM
from postproc.inventory.qgis_symbols import by_value, labels, outline, qml

PREDICTED, REFERENCE = 'predicted', 'reference'
NOT_COUNTED = 'not counted'
# Of 255: the image is to be seen through a landslide.
TINT = 80
GREY = '110,110,110'
THIN_MM = 0.35


def match_style(role: str) -> str:
    """Return the QML of a layer.

    Args:
        role: ``PREDICTED`` (hits green, false alarms red, tinted and numbered) or
            ``REFERENCE`` (misses blue, tinted and numbered; what was found is a dashed green
            outline without a number, as the predicted landslide on it has one).
    """
    tp, fp, fn = (_rgb(verdict) for verdict in (Verdict.TP, Verdict.FP, Verdict.FN))
    outside = 'not counted', outline(f'{GREY},255', line='dot', width=THIN_MM)
    if role == PREDICTED:
        symbols = {'TP': ('TP hit', _tinted(tp)), 'FP': ('FP false alarm', _tinted(fp))}
        number, colours = '"id"', {'TP': tp, 'FP': fp}
    else:
        found = outline(f'{tp},255', line='dash', width=THIN_MM)
        symbols = {'FN': ('FN miss', _tinted(fn)), 'TP': ('TP found', found)}
        number, colours = 'if("status" = \'TP\', NULL, "id")', {'FN': fn}
    by_status = ' '.join(f"WHEN \"status\" = '{key}' THEN '{colours[key]}'" for key in colours)
    properties = {'Color': f"CASE {by_status} ELSE '{GREY}' END", **LARGE_FIRST}
    return qml(
        by_value('status', {**symbols, NOT_COUNTED: outside}),
        labels(number, smallest_mm=NUMBERED_MM, properties=properties),
    )


def _rgb(verdict: Verdict) -> str:
    return ','.join(map(str, COLOURS[verdict][:3]))


def _tinted(colour: str) -> Element:
    return outline(f'{colour},255', fill=f'{colour},{TINT}')
