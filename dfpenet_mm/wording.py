"""Counts in words, as messages, figures and reports write them."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Say how many there are: 1 landslide, 1,200 landslides.

    Args:
        number: how many.
        noun: of one of them.
        plural: of several; None for the noun with an s.
    """
    return f'{number:,} {agreeing(number, noun, plural or f"{noun}s")}'


def agreeing(number: int, one: str, several: str) -> str:
    """Choose the word that goes with a count, such as ``has`` or ``have``."""
    return one if number == 1 else several


def metres(length: float) -> str:
    """Write a length to three digits: 0.01, 8.57, 5,000."""
    return f'{float(f"{length:.3g}"):,.15g}'


def decimal(number: float, decimals: int) -> str:
    """Write a number with so many decimals, or as many as it takes to tell it from 0.

    Args:
        number: any.
        decimals: of a number that is not too small for them.
    """
    if number and round(abs(number), decimals) == 0:
        return f'{number:.2g}'
    return f'{number:,.{decimals}f}'
