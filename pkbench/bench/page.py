"""A benchmark in its folder: JSON, a Markdown page with the tables, and a figure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pkbench.atomic import write_bytes
from pkbench.bench.figure import draw
from pkbench.bench.results import Result, to_json
from pkbench.bench.tables import Table, made, tables
from pkbench.report.words import markdown

NAME: Final = "bench"


def write(result: Result, folder: Path, compared: Table | None) -> list[Path]:
    """Write ``bench.json``, ``bench.md``, ``bench.png`` and ``bench.svg`` into ``folder``; says which.

    Raises:
        StoreError: a file cannot be written.
    """
    data, page = write_data(result, folder), folder / f"{NAME}.md"
    figures = draw(result, folder / NAME)
    write_bytes(page, page_text(result, compared).encode())
    return [data, page, *figures]


def write_data(result: Result, folder: Path) -> Path:
    """Write ``bench.json`` alone; says where.

    Raises:
        StoreError: it cannot be written.
    """
    data = folder / f"{NAME}.json"
    write_bytes(data, to_json(result).encode())
    return data


def page_text(result: Result, compared: Table | None) -> str:
    """The Markdown page; ``compared`` is the table of a comparison, if there was one."""
    shown = [*tables(result), *([] if compared is None else [compared])]
    timed = any(row.step is not None for case in result.cases for row in case.rows)
    figure = (f"![Seconds of a training step]({NAME}.svg)", "") if timed else ()
    parts = [
        "# Benchmark",
        "",
        f"{markdown(made(result))}. Medians of rounds in which the variants took turns; docs/performance.md says what each "
        "column is.",
        "",
        *figure,
        *(_section(table) for table in shown),
    ]
    return "\n".join(parts)


def _section(table: Table) -> str:
    """``table`` under a heading of its own."""
    lines = [f"## {markdown(table.title)}", "", _line(map(markdown, table.header))]
    lines.append(_line([":--"] + ["--:"] * (len(table.header) - 1)))
    lines += [_line(map(markdown, row)) for row in table.rows]
    return "\n".join([*lines, "", *(f"- {markdown(note)}" for note in table.notes), ""])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
