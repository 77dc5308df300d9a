"""Tables as the templates take them: cells with what is shown, what is sorted by and where it leads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pkbench.report.words import NOTHING

_NUMBER: Final = re.compile(r"−?[0-9][0-9,]*(\.[0-9]+)?(e-[0-9]+)?")
"""Texts that the page's script reads as numbers."""
OPEN_UP_TO: Final = 24
"""Rows up to which a table is shown unfolded."""


class Exact(str):
    """Text that is copied from the page: its spaces stay what they are."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``sort`` is the number it shows, by which rows are ordered; ``mono`` is for ids."""

    text: str
    sort: float | None = None
    mono: bool = False
    href: str = ""
    anchor: str = ""

    @property
    def hidden_value(self) -> float | None:
        """What the cell is ordered by, where that cannot be read off its text."""
        return None if _NUMBER.fullmatch(self.text) else self.sort


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column; numbers stand at its right."""

    label: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a name."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it is folded away at first."""
        return len(self.rows) > OPEN_UP_TO


def columns(*labels: str) -> tuple[Column, ...]:
    """Columns by their labels; a ``#`` before one says that it has numbers."""
    return tuple(Column(label.removeprefix("#"), label.startswith("#")) for label in labels)


def table(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], *, note: str = "") -> Table | None:
    """A table of ``rows`` under ``heads``; ``None`` where there are none."""
    found = tuple(tuple(row) for row in rows)
    return Table(name, columns(*heads), found, note) if found else None


def decimals(value: float, digits: int = 2) -> str:
    """``value`` with a true minus."""
    return f"{value:.{digits}f}".replace("-", "−")


def words(text: str) -> Cell:
    """A cell of text."""
    return Cell(text or NOTHING)


def name(text: str) -> Cell:
    """A cell with a name out of a spec."""
    return Cell(text, mono=True)


def figure(value: float | None, text: str | None = None) -> Cell:
    """A cell with a number, spelled ``text``; a whole one in full where no spelling is given."""
    if value is None:
        return Cell(NOTHING)
    return Cell(f"{value:,.10g}" if text is None else text, float(value))
