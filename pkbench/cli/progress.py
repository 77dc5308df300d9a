"""How the progress of runs is shown: bars in a terminal, lines when piped, JSON events, or nothing."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from pkbench.cli.console import say
from pkbench.cli.units import duration
from pkbench.execute.events import ComparisonEnded, EpochEnded, Event, Note, RunEnded, RunStarted
from pkbench.visible import printable

if TYPE_CHECKING:
    from pkbench.execute.prepare import Prepared
    from pkbench.execute.remaining import Remaining
    from pkbench.plan.run import Run


class Display(Protocol):
    """Shows one spec's runs."""

    def prepared(self, prepared: Prepared, jobs: int, remaining: Remaining) -> None:
        """What is about to be done, and who knows how long it takes."""

    def event(self, event: Event) -> None:
        """Something happened."""

    def close(self) -> None:
        """No more events."""


def make_display(*, json_events: bool, quiet: bool) -> Display:
    """The display for this standard output."""
    if json_events:
        return JsonEvents()
    if quiet:
        return Quiet()
    if not sys.stdout.isatty():
        return Lines()
    from pkbench.cli.bars import Bars

    return Bars()


def headline(prepared: Prepared, jobs: int) -> str:
    """How many runs there are, how many are to be computed, and why the others are not."""
    experiment = prepared.loaded.spec.experiment
    skipped = [d for d in prepared.decisions if d.action == "skip"]
    blocked = sum(d.action == "blocked" for d in prepared.decisions)
    parts = [f"{len(prepared.to_run)} to compute" + (f", {jobs} at a time" if prepared.to_run and jobs > 1 else "")]
    begun = sum(d.state == "interrupted" for d in prepared.decisions if d.action == "run")
    if begun:
        parts.append(f"{begun} of them from a checkpoint")
    if skipped:
        failed, same = (sum(d.state == state for d in skipped) for state in ("failed", "same"))
        why = [f"{len(skipped) - failed - same} done"]
        why += [f"{failed} failed before"] if failed else []
        why += [f"{same} the same as others"] if same else []
        parts.append(f"{len(skipped)} skipped ({', '.join(why)})")
    if blocked:
        parts.append(f"{blocked} without data")
    return f"{experiment.id} · {prepared.scaled.profile_name}: {len(prepared.decisions)} runs, {', '.join(parts)}"


class Shown:
    """What all displays keep: the runs by id, how many have ended, and how long the rest takes."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.done = 0
        self.remaining: Remaining | None = None

    def prepared(self, prepared: Prepared, jobs: int, remaining: Remaining) -> None:
        """Take up what is about to be done."""
        del jobs
        self.remaining = remaining
        self.runs = {run.run_id: run for run in prepared.to_run if run.run_id is not None}
        self.done = 0

    def left(self) -> float | None:
        """Seconds until all runs have ended, where that is known."""
        return None if self.remaining is None else self.remaining.seconds()


def outcome(run: Run, event: RunEnded) -> str:
    """What became of ``run``, in a line."""
    by_other = ", by another pkbench" if event.by_other else ""
    if event.status == "finished":
        return f"{run.label}: test error {event.test_error:.2f} %{by_other}"
    return f"{run.label}: {event.status}{by_other}: {event.message}"


class Quiet(Shown):
    """Only what the user should act on, on standard error."""

    def event(self, event: Event) -> None:
        """Print notes and failures."""
        if isinstance(event, Note):
            say(f"note: {event.text}", err=True)
        elif isinstance(event, RunEnded) and event.status == "failed":
            say(f"failed: {outcome(self.runs[event.run_id], event)}", err=True)

    def close(self) -> None:
        """Nothing is open."""


class Lines(Shown):
    """A line for each finished run, and now and then one for a long run's progress."""

    INTERVAL = 15.0
    """Least seconds between two progress lines."""

    def __init__(self) -> None:
        super().__init__()
        self._printed = self._told = time.monotonic()

    def prepared(self, prepared: Prepared, jobs: int, remaining: Remaining) -> None:
        """Print the headline."""
        super().prepared(prepared, jobs, remaining)
        self._print(headline(prepared, jobs))

    def event(self, event: Event) -> None:
        """Print what ended, and the latest epoch if nothing was printed for a while."""
        match event:
            case Note(text):
                self._print(f"note: {text}")
            case RunStarted(run_id, resumed_after) if resumed_after:
                self._print(f"{self.runs[run_id].label}: goes on after epoch {resumed_after}")
            case RunEnded():
                self.done += 1
                self._print(
                    f"[{self.done}/{len(self.runs)}] {outcome(self.runs[event.run_id], event)}{self._time_left()}"
                )
            case EpochEnded(run_id, result) if time.monotonic() - self._printed > self.INTERVAL:
                run = self.runs[run_id]
                self._print(
                    f"{run.label}: epoch {result.epoch}/{run.train.epochs}, loss {result.train_loss:.3f}, "
                    f"train error {result.train_error:.2f} %, {duration(result.seconds)} an epoch, "
                    f"{result.data_seconds / result.seconds:.0%} of it waiting for data{self._time_left()}"
                )
            case ComparisonEnded():
                self._print(compared(event))
            case _:
                return

    def close(self) -> None:
        """Nothing is open."""

    def _time_left(self) -> str:
        """The end of a line that says when all is done, if that was not said lately."""
        left, now = self.left(), time.monotonic()
        if left is None or self.done == len(self.runs) or now - self._told < self.INTERVAL:
            return ""
        self._told = now
        return f"; {duration(left)} left for all"

    def _print(self, text: str) -> None:
        print(printable(text), flush=True)  # noqa: T201
        self._printed = time.monotonic()


class JsonEvents(Shown):
    """One JSON object a line for every event."""

    def prepared(self, prepared: Prepared, jobs: int, remaining: Remaining) -> None:
        """Print the plan's size."""
        super().prepared(prepared, jobs, remaining)
        self._print(
            "Prepared",
            {
                "spec": prepared.loaded.spec.experiment.id,
                "profile": prepared.scaled.profile_name,
                "runs": len(prepared.decisions),
                "to_run": len(prepared.to_run),
                "resumed": sum(d.state == "interrupted" for d in prepared.decisions if d.action == "run"),
                "skipped": sum(d.action == "skip" for d in prepared.decisions),
                "blocked": sum(d.action == "blocked" for d in prepared.decisions),
                "jobs": jobs,
            },
        )

    def event(self, event: Event) -> None:
        """Print the event, and how long what is left then takes."""
        left = {"left_seconds": self.left()} if isinstance(event, EpochEnded | RunEnded) else {}
        self._print(type(event).__name__, asdict(event) | left)

    def close(self) -> None:
        """Nothing is open."""

    def _print(self, kind: str, values: dict[str, object]) -> None:
        print(json.dumps({"event": kind, "time": time.time(), **values}), flush=True)  # noqa: T201


def compared(event: ComparisonEnded) -> str:
    """What came of a comparison, in a line."""
    mean = "no number" if event.diagonal_mean is None else f"{event.diagonal_mean:.3f}"
    return f"{event.compare_id}: {event.a} with {event.b}: mean CKA of the diagonal {mean}"
