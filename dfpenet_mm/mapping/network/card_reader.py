"""Fields of a network's card, read by name and kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dfpenet_mm.errors import InputFileError


@dataclass(frozen=True)
class CardReader:
    """Fields of a card by name and kind; each that does not serve is one sentence.

    Args:
        path: the card.
        values: of the card, or of a table in it.
        within: name of that table and a dot; nothing for the card itself.

    Raises:
        InputFileError: by every method, if a field is missing or of another kind.
    """

    path: Path
    values: Mapping[str, Any]
    within: str = ''

    def has(self, name: str) -> bool:
        """Tell whether the card has a field."""
        return self.values.get(name) is not None

    def _get(self, name: str) -> Any:
        if not self.has(name):
            raise InputFileError(
                f'the card {self.path} of a network lacks {self.within}{name}; copy it again from '
                f'where the weights come from, or add it'
            )
        return self.values[name]

    def refusal(self, name: str, wanted: str) -> InputFileError:
        """Return the error of a field that cannot serve."""
        return InputFileError(
            f'the card {self.path} of a network has {self.within}{name} {self.values[name]!r}, '
            f'wanted is {wanted}; correct it'
        )

    def text(self, name: str) -> str:
        """Return a field that is a text."""
        if not isinstance(self._get(name), str):
            raise self.refusal(name, 'a text')
        return str(self.values[name])

    def texts(self, name: str, least: int = 0) -> tuple[str, ...]:
        """Return a list of texts, of ``least`` at least; empty where it may be missing."""
        found = self._get(name) if least or self.has(name) else []
        if not (_is_list(found) and len(found) >= least and all(isinstance(t, str) for t in found)):
            raise self.refusal(name, 'a list of texts')
        return tuple(found)

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a number within limits."""
        if not (_is_number(self._get(name)) and low <= self.values[name] <= high):
            limits = '' if math.inf in (-low, high) else f' from {low:g} to {high:g}'
            raise self.refusal(name, f'a number{limits}')
        return float(self.values[name])

    def pair(self, name: str) -> tuple[float, float]:
        """Return two growing numbers above 0."""
        found = self._get(name)
        if not (_is_list(found) and len(found) == 2 and all(map(_is_number, found))) or not (
            0 < found[0] <= found[1]
        ):
            raise self.refusal(name, 'the smallest and the largest in metres, such as [5, 20]')
        return float(found[0]), float(found[1])

    def table(self, name: str) -> CardReader:
        """Return a table of named values."""
        if not isinstance(self._get(name), Mapping):
            raise self.refusal(name, 'a table of named values')
        return CardReader(self.path, self.values[name], f'{self.within}{name}.')

    def tables(self, name: str) -> list[CardReader]:
        """Return a list of such tables, one at least."""
        found = self._get(name)
        if not (_is_list(found) and found and all(isinstance(part, Mapping) for part in found)):
            raise self.refusal(name, 'a list of tables of named values')
        return [CardReader(self.path, part, f'{self.within}{name}.') for part in found]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
