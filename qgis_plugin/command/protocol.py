"""The lines of ``--progress json``: what a command that runs says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ('progress', 'warning', 'note', 'error', 'result')


@dataclass(frozen=True)
class Event:
    """One line that a command said.

    Args:
        kind: one of ``KINDS``; ``text`` for a line of another form, such as a traceback's.
        message: a sentence, or the line itself.
        stage: of a progress, what is being done.
        fraction: of a progress, the finished share of the whole command, 0 to 1; None if unknown.
        seconds_left: of a progress, expected until the end; None if unknown.
        products: of a result, paths by what they are.
        traceback: of an error that is a defect.
    """

    kind: str
    message: str = ''
    stage: str = ''
    fraction: float | None = None
    seconds_left: float | None = None
    products: Mapping[str, Any] = field(default_factory=dict)
    traceback: str = ''


def read_event(line: str) -> Event:
    """Read a line of standard error.

    Args:
        line: with or without its end.

    Returns:
        What it says; an event of kind ``text`` where it is no line of the protocol.
    """
    text = line.rstrip('\r\n')
    try:
        said = json.loads(text)
    except ValueError:
        return Event('text', text)
    if not isinstance(said, dict) or said.get('event') not in KINDS:
        return Event('text', text)
    products = said.get('products')
    return Event(
        kind=said['event'],
        message=str(said.get('message') or ''),
        stage=str(said.get('stage') or ''),
        fraction=_number(said.get('fraction')),
        seconds_left=_number(said.get('seconds_left')),
        products=products if isinstance(products, dict) else {},
        traceback=str(said.get('traceback') or ''),
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def time_left(seconds: float) -> str:
    """Put seconds into words that do not pretend to be exact, such as ``about 3 min left``."""
    if seconds < 60:
        return 'less than 1 min left'
    if seconds < 3600:
        return f'about {round(seconds / 60)} min left'
    return f'about {seconds / 3600:.1f} h left'
