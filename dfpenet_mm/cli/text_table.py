"""Tables of text: drawn on a terminal, plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = '  '


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Args:
        title: above it.
        columns: their names; the first one's cells begin at the left, those that are numbers
            end at the right.
        rows: cells, as many as columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def lines(self) -> Iterator[str]:
        """Write it as plain lines of any length, for files and other programs."""
        yield f'{self.title}:'
        widths = [max(map(len, cells)) for cells in zip(self.columns, *self.rows, strict=True)]
        for row in (self.columns, *self.rows):
            cells = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, self._right(), strict=True)
            ]
            yield f'{GAP}{GAP.join(cells)}'.rstrip()

    def draw(self, console: Console) -> None:
        """Draw it on a terminal; cells are folded where that is too narrow, the title is whole."""
        console.print(self.title, style='bold', highlight=False, markup=False, soft_wrap=True)
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        for name, right in zip(self.columns, self._right(), strict=True):
            table.add_column(name, justify='right' if right else 'left', overflow='fold')
        for row in self.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        console.print()

    def _right(self) -> list[bool]:
        columns = zip(*self.rows, strict=True) if self.rows else ([''] for _ in self.columns)
        return [index > 0 and all(map(_is_number, cells)) for index, cells in enumerate(columns)]


def _is_number(cell: str) -> bool:
    return cell in ('', 'n/a') or cell[0].isdigit()
