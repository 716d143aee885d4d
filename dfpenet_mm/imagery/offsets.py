"""The offset of reflectance of Sentinel-2: taken off once and only once.

Since processing baseline 04.00 (25 January 2022) 1,000 is added to every value, so that dark
ground need not be negative. Some servers take it off again and say so, some say so wrongly, and
some go on to declare the offset of what they have taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from dfpenet_mm.errors import ImageryError
from dfpenet_mm.imagery.items import BANDS, SourceItem

# Numbers a unit of reflectance, and what is added to them.
QUANTIFICATION, ADDED = 10_000, 1_000
FIRST_BASELINE = 4.0
FIRST_DAY = datetime(2022, 1, 25, tzinfo=UTC)
# Values are looked at by this percentile, of at least so many clear pixels.
PERCENTILE, FEWEST = 1.0, 500
# A hundredth of clear ground darker than this, with the offset on, would be negative by more than
# the correction of the atmosphere ever errs.
DARKEST = ADDED - 200
BY_HAND = 'see the values, and give --offset 0 or --offset 1000'


@dataclass(frozen=True)
class OffsetDecision:
    """The way from numbers to reflectance.

    Args:
        shift: subtracted from every number.
        factor: by which it is multiplied then, to give ten-thousandths; mostly 1.
        reason: why, in words.
        check: what the values say, in words.
    """

    shift: int
    factor: float
    reason: str
    check: str = 'not checked'


class ItemRefusedError(ImageryError):
    """An image cannot be used; others may."""


def decide_offset(
    item: SourceItem, lows: Mapping[str, float] | None, asked: int | None = None
) -> OffsetDecision:
    """Decide what is subtracted from an image's numbers.

    Args:
        item: the image.
        lows: the ``PERCENTILE`` of the clear pixels' numbers in every band; None where there are
            too few of them.
        asked: what a person has decided; None to tell from the item.

    Raises:
        ItemRefusedError: if the values contradict what the item says, or its bands differ.
    """
    if asked is not None:
        return OffsetDecision(asked, _factor(item), 'as asked for', 'not checked')
    shift, reason = _told(item)
    decided = OffsetDecision(shift, _factor(item), reason)
    if lows is None:
        return OffsetDecision(shift, decided.factor, reason, 'not checked: too few clear pixels')
    band, low = min(lows.items(), key=lambda entry: entry[1])
    if shift and low < shift - (ADDED - DARKEST):
        raise ItemRefusedError(
            f'{item.id}: {reason}, so {shift:,} would be taken off, but clear ground has numbers '
            f'down to {low:,.0f} ({band}), from which it is off already; {BY_HAND}'
        )
    if not shift and low >= ADDED:
        raise ItemRefusedError(
            f'{item.id}: {reason}, so nothing would be taken off, but no clear ground has numbers '
            f'below {low:,.0f} ({band}), as if {ADDED:,} were added; {BY_HAND}'
        )
    check = f'the values agree: percentile {PERCENTILE:g} is {low:,.0f} ({band})'
    return OffsetDecision(shift, decided.factor, reason, check)


def _told(item: SourceItem) -> tuple[int, str]:
    """Return what the item says: the number to subtract, and where that is from."""
    if item.applied:
        return 0, 'the server says that it has taken the offset off'
    declared = _declared(item)
    baseline = _number(item.baseline)
    if baseline is not None and baseline < FIRST_BASELINE:
        return 0, f'processing baseline {item.baseline} has no offset'
    known = f'processing baseline {item.baseline}' if item.baseline else 'unknown baseline'
    if declared is not None:
        return declared, f'its bands declare an offset of {-declared:,} ({known})'
    if baseline is None:
        if item.time >= FIRST_DAY:
            return ADDED, 'unknown baseline, taken since an offset is added'
        return 0, 'unknown baseline, taken before an offset was added'
    return ADDED, f'{known} has an offset of {-ADDED:,}'


def _declared(item: SourceItem) -> int | None:
    found = {
        round(-asset.offset / (asset.scale or 1 / QUANTIFICATION))
        for asset in (item.assets[band] for band in BANDS if band in item.assets)
        if asset.offset is not None
    }
    if len(found) > 1:
        raise ItemRefusedError(
            f'{item.id} declares another offset for every band ({sorted(found)}), wanted is one; '
            f'{BY_HAND}'
        )
    return found.pop() if found else None


def _factor(item: SourceItem) -> float:
    scales = {item.assets[band].scale for band in BANDS if band in item.assets} - {None, 1.0}
    scale = next(iter(scales), None) if len(scales) == 1 else None
    return 1.0 if scale is None else round(scale * QUANTIFICATION, 9)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
