"""Tables in a terminal that is too narrow for columns: each row as lines of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

_NARROWEST: Final = 60
"""Columns of a terminal below which a table would break words into letters."""


class Fitting:
    """``table``; in a narrow terminal a line for each cell that is not empty, after its column's name."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= _NARROWEST:
            yield self.table
        else:
            yield from _lines(self.table)


def _lines(table: Table) -> Iterator[RenderableType]:
    if table.title:
        yield table.title
    names = [str(column.header) for column in table.columns]
    for row in zip(*(column.cells for column in table.columns), strict=True):
        first = True
        for name, cell in zip(names, row, strict=True):
            if isinstance(cell, str | Text) and str(cell).strip():
                lead = f"{'- ' if first else '  '}{name}: " if name else "- " if first else "  "
                yield Text.assemble(lead, cell) if isinstance(cell, Text) else f"{lead}{cell}"
                first = False
