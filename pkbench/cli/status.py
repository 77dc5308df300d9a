"""``pkbench status``: what is done, what is being computed and by whom, what failed, and how long the rest takes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pkbench.cli import completion
from pkbench.cli.console import say_json
from pkbench.cli.options import Device, Json, Results
from pkbench.cli.units import duration
from pkbench.visible import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Group

    from pkbench.results.running import Worker
    from pkbench.results.status import Item, Status
    from pkbench.results.subject import Subject

_WIDTH: Final = 140
"""Columns of a table that goes to a file or a pipe."""
_LISTED: Final = 10
"""Runs of one spec that are named in one state."""


def register(app: typer.Typer) -> None:
    """Add ``status`` to ``app``."""
    app.command("status")(status)


def status(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...",
            help="Spec files or ids [default: all of the project].",
            autocompletion=completion.specs,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            "-p",
            help="Scale: quick, fast or paper [default: quick and every one with results].",
            autocompletion=completion.profiles,
        ),
    ] = None,
    results: Results = None,
    device: Device = "auto",
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on until nothing is left that could be computed; Ctrl-C ends it.")
    ] = False,
    every: Annotated[float, typer.Option("--every", min=0.2, max=3600, help="Seconds between two looks.")] = 2.0,
    json_: Json = False,
) -> None:
    """Say what is done, running (by whom, at which epoch), failed (why), stale and missing, and how long the rest takes here."""
    found = _subjects(specs or [], profile, results)
    if not watch:
        _show(_look(found, profile, device), json_)
        return
    looks = _looks(lambda: _look(found, profile, device), every)
    if sys.stdout.isatty() and not json_:
        _live(looks)
        return
    before: Any = None
    for seen in looks:
        # A line that says the same again helps nobody who reads a log.
        now = [(one.spec_id, one.profile, [(item.state, item.epoch) for item in one.items]) for one in seen]
        if now != before:
            _show(seen, json_)
        before = now


def _subjects(specs: list[str], profile: str | None, results: Path | None) -> list[Subject]:
    """What is looked at: read once, however often one looks."""
    from pkbench.results.subject import subjects
    from pkbench.spec.load import LoadedSpec

    found = subjects(specs, results)
    if profile is None or specs:
        return found
    # With no specs named, one that lacks the profile is no mistake of the user's.
    return [one for one in found if isinstance(one.loaded, LoadedSpec) and profile in one.loaded.spec.profile]


def _look(found: list[Subject], profile: str | None, device: str) -> list[Status]:
    from pkbench.execute.device import likely_device
    from pkbench.probes.calibrate import kept
    from pkbench.results.status import statuses

    return [one for subject in found for one in statuses(subject, profile, likely_device(device), kept)]


def _looks(look: Callable[[], list[Status]], every: float) -> Iterator[list[Status]]:
    """One look after another, until nothing is left to be computed."""
    while True:
        found = look()
        yield found
        sys.stdout.flush()
        if all(item.state in ("done", "failed", "no data") for one in found for item in one.items):
            return
        time.sleep(every)


def _live(looks: Iterator[list[Status]]) -> None:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(highlight=False, emoji=False), auto_refresh=False) as screen:
        for found in looks:
            screen.update(_page(found), refresh=True)


def _show(found: list[Status], json_: bool) -> None:
    if json_:
        say_json([_as_data(one) for one in found])
        return
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, emoji=False, width=_WIDTH)
    console.print(_page(found))


def _as_data(one: Status) -> dict[str, Any]:
    return {
        "spec": one.spec_id,
        "profile": one.profile,
        "counts": dict(one.counts),
        "seconds": one.seconds,
        "jobs": one.jobs,
        "worker": None if one.worker is None else asdict(one.worker),
        "problems": list(one.problems),
        "runs": [asdict(item) for item in one.items],
    }


def _page(found: list[Status]) -> Group:
    """A row for each spec and one for all of them; then who works, what runs, what failed, what is wrong."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from pkbench.cli.fitting import Fitting
    from pkbench.results.status import STATES

    table = Table(*("spec", "profile"), *STATES, "all", "left")
    for column in table.columns[2:]:
        column.justify = "right"
    for one in found:
        numbers = [str(one.counts[state] or "") for state in STATES]
        table.add_row(one.spec_id, one.profile or "", *numbers, str(len(one.items)), _left([one]))
    if len(found) > 1:
        totals = [str(sum(one.counts[state] for one in found) or "") for state in STATES]
        table.add_section()
        table.add_row("all", "", *totals, str(sum(len(one.items) for one in found)), _left(found))
    lines = [line for one in found for line in _lines(one)]
    unknown = list(dict.fromkeys(one.spec_id for one in found if one.seconds is None))
    if unknown:
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        names = ", ".join(unknown[:_LISTED]) + more
        lines.append(f"how long is not known yet of {names}; `pkbench plan {unknown[0]}` measures this machine")
    return Group(Fitting(table), *(Text(printable(line)) for line in lines))


def _left(found: list[Status]) -> str:
    known = [one.seconds for one in found if one.seconds is not None]
    text = duration(sum(known)) if sum(known) else "" if known else "?"
    return text if len(known) == len(found) else f"{text} and more" if text not in ("", "?") else "?"


def _lines(one: Status) -> Iterator[str]:
    """What is to be said of one spec besides its numbers."""
    name = one.spec_id if one.profile is None else f"{one.spec_id} at {one.profile}"
    if one.worker is not None:
        yield f"{name}: {_who(one.worker)}"
    for state in ("running", "interrupted", "failed", "stale"):
        chosen = [item for item in one.items if item.state == state]
        for item in chosen[:_LISTED]:
            yield f"{name}: {state}: {item.label}: {_what(item)}"
        if len(chosen) > _LISTED:
            yield f"{name}: {state}: {len(chosen) - _LISTED} more; --json lists each"
    for problem in one.problems:
        yield f"note: {problem}"


def _what(item: Item) -> str:
    if item.state != "running":
        return item.detail
    saved = "" if item.saved is None else f", saved {duration(max(0.0, time.time() - item.saved))} ago"
    return f"epoch {item.epoch} of {item.epochs}{saved}{_by(item.worker)}"


def _by(worker: Worker | None) -> str:
    return "" if worker is None or worker.pid is None else f", by process {worker.pid}"


def _who(worker: Worker) -> str:
    """Who works, in words; it may be a process of which nothing can be told."""
    who = "a process" if worker.pid is None else f"process {worker.pid}"
    user = "" if worker.user is None else f" of {worker.user}"
    since = "" if worker.since is None else f" since {datetime.fromtimestamp(worker.since):%Y-%m-%d %H:%M:%S}"
    here = " (this one)" if worker.pid == os.getpid() else ""
    return f"{who}{user}{here} is at work{since}"
