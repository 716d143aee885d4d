"""The findings of a checkup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from dfpenet_mm.errors import DfpenetError

Status = Literal['ok', 'warning', 'problem']


@dataclass(frozen=True)
class Finding:
    """One finding of a checkup.

    Args:
        name: what was looked at.
        found: what it is like.
        status: ``problem`` if mapping cannot work, ``warning`` if it can but not as it should.
        mend: one sentence on what to do; empty where nothing is wrong.
    """

    name: str
    found: str
    status: Status = 'ok'
    mend: str = ''

    def as_dict(self) -> dict[str, str]:
        """Return plain JSON values."""
        return asdict(self)


Checkup = Callable[[], Iterator[Finding]]


def problem(name: str, found: object, mend: str) -> Finding:
    """Report what keeps the main job from running."""
    return Finding(name, in_one_line(found), 'problem', mend)


def warning(name: str, found: object, mend: str) -> Finding:
    """Report what makes it slower or its result doubtful."""
    return Finding(name, in_one_line(found), 'warning', mend)


def in_one_line(found: object) -> str:
    """Write an error or a text as one line, and not a long one; a library's error with its type."""
    foreign = isinstance(found, BaseException) and not isinstance(found, DfpenetError)
    text = f'{type(found).__name__}: {found}' if foreign else str(found)
    line = ' '.join(text.split())
    return line if len(line) <= 300 else f'{line[:297]}...'
