"""``pkbench bench``: a training step of ours beside what people write today and what this machine allows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pkbench.cli.console import end_with_reader, say
from pkbench.cli.options import Device

if TYPE_CHECKING:
    from pkbench.bench.results import Result
    from pkbench.bench.tables import Table

OUT: Final = Path("reports") / "bench"
TOLERANCE: Final = 0.15
EXIT_SLOWER: Final = 1
_WIDTH: Final = 150
"""Columns of a table that goes to a file or a pipe."""


def register(app: typer.Typer) -> None:
    """Add ``bench`` to ``app``."""
    app.command("bench")(bench)


def bench(
    shape: Annotated[list[str] | None, typer.Option("--shape", help="Only this shape; repeatable.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small shapes and few rounds: a look, no evidence.")] = False,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, max=1000, help="Samples of each variant [default: 9, or 5].")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="CPU threads [default: all cores].")
    ] = None,
    device: Device = "auto",
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="Only this engine of ours; repeatable [default: all].")
    ] = None,
    stack: Annotated[
        int | None, typer.Option("--stack", min=2, max=256, help="Time as many equal runs of ours at once, too.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, max=65536, help="Images of a step, in place of a shape's own.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only rows with this in their names; repeatable.")
    ] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Also write the result to this file.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for JSON, Markdown and figure.")] = OUT,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="An older result; fails where a row has become slower.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0, max=0.99, help="Fraction of speed a row may lose before it fails.")
    ] = TOLERANCE,
) -> None:
    """Time a training step of each engine and of the peers, in turns: speed, memory, roofline, changes since a result."""
    # Before torch is imported: its libraries' notes about missing GPUs are nobody's concern here.
    for name, level in (("KINETO_LOG_LEVEL", "99"), ("TORCH_CPP_LOG_LEVEL", "ERROR")):
        os.environ.setdefault(name, level)
    from pkbench.bench.cases import find_cases
    from pkbench.bench.ours import find_engines
    from pkbench.bench.results import read

    cases = find_cases(shape or [], quick=quick, batch=batch)
    engines = find_engines(engine or [])
    # Read before the work: a file that cannot be used is said at once.
    old = None if compare is None else read(compare)

    from pkbench.atomic import write_bytes
    from pkbench.bench import page
    from pkbench.bench.compare import compare as compared_with
    from pkbench.bench.results import to_json
    from pkbench.bench.run import Options, benchmark
    from pkbench.bench.tables import comparison_table, made, tables
    from pkbench.execute.device import available_cores, resolve_device

    options = Options(
        engines, rounds, threads or available_cores(), resolve_device(device), quick, stack, tuple(only or ())
    )
    result = benchmark(cases, options, _progress, lambda so_far: _keep(so_far, out))
    if json_ is not None:
        write_bytes(json_, to_json(result).encode())
    comparison = None if old is None else compared_with(old, result, tolerance)
    against = None if comparison is None else comparison_table(comparison)
    written = page.write(result, out, against)
    end_with_reader()
    _print([*tables(result), *([] if against is None else [against])])
    say(made(result))
    say(f"written: {', '.join(map(str, written))}")
    if comparison is not None and comparison.fails:
        raise typer.Exit(EXIT_SLOWER)


def _keep(so_far: Result, out: Path) -> None:
    from pkbench.bench.page import write_data

    write_data(so_far, out)


def _progress(done: str) -> None:
    """A line for each step of the work on standard error, where someone is looking."""
    if sys.stderr.isatty():
        say(done, err=True)


def _print(tables: list[Table]) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, emoji=False, markup=False, width=_WIDTH)
    for table in tables:
        shown = RichTable(title=table.title, title_justify="left")
        for place, name in enumerate(table.header):
            shown.add_column(name, overflow="fold", justify="right" if place else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
        for note in table.notes:
            console.print(note, soft_wrap=True)
