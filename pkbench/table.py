"""A table as columns: what Python code gets of plans and results, and what data frames are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from pkbench.visible import printable

Value = str | int | float | bool | None
"""A cell; ``None`` where there is nothing to say."""
Row = Mapping[str, Value]

_SHOWN: Final = 20
"""Rows that a notebook shows."""


class Table(dict[str, list[Value]]):
    """Columns by name, all of one length: ``pandas.DataFrame(table)`` and ``polars.DataFrame(table)`` take it as it is.

    Attributes:
        problems: a sentence for each thing that is missing from the table, such as a damaged record.
    """

    def __init__(self, columns: Iterable[str], rows: Iterable[Row], problems: Iterable[str] = ()) -> None:
        names = tuple(columns)
        listed = list(rows)
        super().__init__({name: [row.get(name) for row in listed] for name in names})
        self.problems = tuple(problems)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(next(iter(self.values()), []))

    def rows(self) -> Iterator[dict[str, Value]]:
        """Every row by the names of the columns."""
        for cells in zip(*self.values(), strict=True):
            yield dict(zip(self, cells, strict=True))

    def _repr_html_(self) -> str:
        """The first rows, as a notebook shows them."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self)
        shown = [list(row.values()) for row, _ in zip(self.rows(), range(_SHOWN), strict=False)]
        body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in cells)}</tr>" for cells in shown)
        more = f"<p>{self.height - _SHOWN} more rows</p>" if self.height > _SHOWN else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return escape(printable(f"{value:.6g}" if isinstance(value, float) else str(value)))
