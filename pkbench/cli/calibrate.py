"""``pkbench calibrate``: the verdicts tried on made-up studies whose truth is known."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pkbench.cli.console import end_with_reader, say, say_json
from pkbench.cli.options import Json
from pkbench.errors import UsageError

if TYPE_CHECKING:
    from pkbench.claims.calibration.tables import Table

PAGE: Final = Path("docs") / "statistics.md"
STUDIES: Final = 10_000
MOST_JOBS: Final = 8


def register(app: typer.Typer) -> None:
    """Add ``calibrate`` to ``app``."""
    app.command("calibrate")(calibrate)


def calibrate(
    studies: Annotated[int, typer.Option(min=100, max=1_000_000, help="Studies for each rate.")] = STUDIES,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Page whose tables are written [default: docs/statistics.md if it is here]."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where the page's tables differ.")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Processes [default: by cores].")] = None,
    json_: Json = False,
) -> None:
    """Simulate studies with known truth: how often verdicts are wrong, and what intervals and seed counts are worth."""
    from pkbench.claims.calibration import run
    from pkbench.claims.calibration.page import blocks, differing, written
    from pkbench.claims.calibration.tables import tables

    page = _page(out, check)
    # Read before the work: a page that cannot be used is said at once.
    text = None if page is None else _read(page)
    found = run.calibrate(studies, jobs=jobs or min(os.cpu_count() or 1, MOST_JOBS), report=_progress)
    content = blocks(found, _made(studies))
    problems = found.problems()
    if page is not None and text is not None:
        if check:
            problems += [f"{page}: the table {name!r} is another one now" for name in differing(text, content)]
        else:
            from pkbench.atomic import write_bytes

            write_bytes(page, written(text, content).encode())
    end_with_reader()
    if json_:
        say_json(found.as_data())
    else:
        _print(tables(found))
    for problem in problems:
        say(f"does not hold: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def _page(out: Path | None, check: bool) -> Path | None:
    if out is not None or check or PAGE.is_file():
        return out or PAGE
    return None


def _read(page: Path) -> str:
    from pkbench.claims.calibration.page import check_marks

    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {page}: {error}", remedy="name a page with --out") from error
    check_marks(text)
    return text


def _made(studies: int) -> str:
    """With what the numbers were made; no date, so that the same numbers give the same page."""
    import numpy
    import scipy

    from pkbench import __version__

    option = "" if studies == STUDIES else f" --studies {studies}"
    return (
        f"Made by `pkbench calibrate{option}` with pkbench {__version__}, NumPy {numpy.__version__} and SciPy "
        f"{scipy.__version__}; random numbers from PCG64, seeded."
    )


def _progress(done: str) -> None:
    """A line for each case on standard error, where someone is looking."""
    if sys.stderr.isatty():
        say(done, err=True)


def _print(found: tuple[Table, ...]) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console(highlight=False)
    for table in found:
        header, *rows = table.narrow()
        shown = RichTable(title=table.title, title_justify="left", show_lines=any("\n" in cell for cell in rows[0]))
        for place, name in enumerate(header):
            shown.add_column(name, overflow="fold", justify="right" if place else "left")
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
        console.print(table.note)
