"""What ``run``, ``plan``, ``claims`` and ``validate`` do with theory and audit specs."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pkbench.cli.console import as_typed, say
from pkbench.cli.units import duration

if TYPE_CHECKING:
    from rich.console import Console

    from pkbench.cli.stopping import Stopper
    from pkbench.execute.checks import CheckEnded
    from pkbench.execute.events import Event
    from pkbench.report.checks import CheckStudy
    from pkbench.spec.load import LoadedChecks

EXIT_FAILED = 1
EXIT_TIME = 3
_WIDTH = 140
"""Columns of a table that goes to a file or a pipe."""


def run(loaded: LoadedChecks, results: Path, stopper: Stopper, *, fresh: bool, quiet: bool, json_events: bool) -> int:
    """Compute the checks of ``loaded`` that are missing and print each as it ends.

    Exit code 1: one could not be computed; 3: stopped before the last one. A contradicted claim is a result, no failure.
    """
    from pkbench.claims.checks import judge
    from pkbench.execute.checks import run_checks
    from pkbench.report.checks import check_study, number, summary
    from pkbench.store.files import Store

    ended: list[CheckEnded] = []

    def on_check(event: CheckEnded) -> None:
        ended.append(event)
        verdict = judge(event.check, {event.record.run_id: event.record})
        if json_events:
            row = {"event": "CheckEnded", "time": time.time(), "fresh": event.fresh, **dataclasses.asdict(verdict)}
            typer.echo(json.dumps(row))
        elif not quiet or event.record.failure is not None:
            state = "" if event.fresh else " (done before)"
            line = f"{verdict.outcome:12} {verdict.claim_id}  residual {number(verdict.residual)}"
            tail = f"; {verdict.sentence}" if verdict.outcome != "supported" else ""
            say(f"{line}, tolerance {number(verdict.tolerance)}{state}{tail}")

    def emit(event: Event) -> None:
        say(str(event), err=True)

    started = time.monotonic()
    complete = run_checks(loaded, results, fresh=fresh, emit=emit, on_check=on_check, should_stop=stopper.should_stop)
    study = check_study(loaded, Store(results))
    if not quiet and not json_events:
        left = "" if complete else "; stopped, the same command goes on"
        say(f"{study.spec_id}: {summary(study)} in {duration(time.monotonic() - started)}{left}")
        say(f"next: pkbench report {as_typed(loaded.path)}")
    if any(event.record.failure is not None for event in ended):
        return EXIT_FAILED
    return 0 if complete else EXIT_TIME


def plan(loaded: LoadedChecks, results: Path, *, fresh: bool) -> list[dict[str, Any]]:
    """A row for each check: whether it would be computed and why."""
    from pkbench.execute.checks import plan_checks

    return list(plan_checks(loaded, results, fresh=fresh).rows())


def print_plan(loaded: LoadedChecks, rows: list[dict[str, Any]]) -> None:
    """Print the rows of :func:`plan`."""
    from rich.table import Table
    from rich.text import Text

    from pkbench.cli.fitting import Fitting
    from pkbench.report.words import plain

    console = _console()
    console.print(Text(plain(f"{loaded.spec.experiment.id}: {loaded.spec.experiment.title}")), soft_wrap=True)
    table = Table()
    for name in ("run", "claim", "kind", "", "why"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(str(row[key]))) for key in ("run_id", "claim", "kind", "action", "reason")))
    console.print(Fitting(table))
    todo = sum(row["action"] == "run" for row in rows)
    console.print(f"{len(rows)} checks: {todo} to compute, {len(rows) - todo} skipped")


def print_study(study: CheckStudy) -> None:
    """Print the verdicts of ``study`` and what to know of its records."""
    from rich.text import Text

    from pkbench.cli.fitting import Fitting
    from pkbench.report.checks import summary, verdict_table
    from pkbench.report.marks import check_marks
    from pkbench.report.words import plain

    console = _console()
    console.print(Fitting(verdict_table(study)))
    console.print(f"{study.spec_id}: {summary(study)}", soft_wrap=True)
    for line in (*check_marks(study).legend(), *(f"note: {problem}" for problem in study.problems)):
        console.print(Text(plain(line)), soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=_WIDTH)
