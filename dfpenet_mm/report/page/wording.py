"""How the report writes numbers."""

from __future__ import annotations

import re

from dfpenet_mm.report.page.columns import TITLES
from dfpenet_mm.wording import decimal as plain_decimal

UNKNOWN = '\N{EN DASH}'
# A reader of the page knows a field by its column's title.
FIELD = re.compile(rf'\b({"|".join(name for name in TITLES if "_" in name)})\b')


def count(value: float | None) -> str:
    """Write a whole number: ``12,345``."""
    return UNKNOWN if value is None else f'{value:,.0f}'


def decimal(value: float | None, decimals: int = 2) -> str:
    """Write a number with so many decimals, more if it would look like 0."""
    return UNKNOWN if value is None else plain_decimal(value, decimals)


def percent(value: float | None, decimals: int = 0) -> str:
    """Write a share: ``12 %``."""
    return UNKNOWN if value is None else f'{100 * value:.{decimals}f} %'


def area(m2: float | None) -> str:
    """Write an area in the unit people would use: m² below a hectare's tenfold, else km²."""
    if m2 is None:
        return UNKNOWN
    return f'{plain_decimal(m2, 0)} m²' if abs(m2) < 100_000 else f'{m2 / 1e6:,.3f} km²'


def file_size(number: float | None) -> str:
    """Write bytes: ``4.9 MB``."""
    if number is None:
        return UNKNOWN
    return f'{number / 1e6:,.1f} MB' if number >= 100_000 else f'{number / 1e3:,.1f} kB'


def sentence(text: str) -> str:
    """Give a message a capital and a full stop, its units their ² and its fields their titles."""
    if not text:
        return text
    text = re.sub(r'(?<=[0-9…] )(k?m)2\b', r'\1²', text)
    text = FIELD.sub(lambda field: f'“{TITLES[field[0]][0]}”', text)
    end = '' if text.endswith(('.', '!', '?')) else '.'
    return f'{text[0].upper()}{text[1:]}{end}'
