"""How the progress of runs is shown: bars in a terminal, lines when piped, JSON events, or nothing."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

from pkbench.cli.console import marked, say
from pkbench.cli.units import duration
from pkbench.execute.events import ComparisonEnded, EpochEnded, Event, Note, RunEnded, RunStarted
from pkbench.visible import printable

if TYPE_CHECKING:
    from rich.progress import TaskID

    from pkbench.execute.prepare import Prepared
    from pkbench.plan.run import Run


class Display(Protocol):
    """Shows one spec's runs."""

    def prepared(self, prepared: Prepared, jobs: int) -> None:
        """What is about to be done."""

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
    return Bars() if sys.stdout.isatty() else Lines()


def _headline(prepared: Prepared, jobs: int) -> str:
    experiment = prepared.loaded.spec.experiment
    skipped = [d for d in prepared.decisions if d.action == "skip"]
    blocked = sum(d.action == "blocked" for d in prepared.decisions)
    parts = [f"{len(prepared.to_run)} to compute" + (f", {jobs} at a time" if prepared.to_run and jobs > 1 else "")]
    if skipped:
        failed, same = (sum(d.state == state for d in skipped) for state in ("failed", "same"))
        why = [f"{len(skipped) - failed - same} done"]
        why += [f"{failed} failed before"] if failed else []
        why += [f"{same} the same as others"] if same else []
        parts.append(f"{len(skipped)} skipped ({', '.join(why)})")
    if blocked:
        parts.append(f"{blocked} without data")
    return f"{experiment.id} · {prepared.scaled.profile_name}: {len(prepared.decisions)} runs, {', '.join(parts)}"


class _Base:
    """What all displays keep: the runs by id."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.done = 0

    def prepared(self, prepared: Prepared, jobs: int) -> None:
        del jobs
        self.runs = {run.run_id: run for run in prepared.to_run if run.run_id is not None}
        self.done = 0


def _outcome(run: Run, event: RunEnded) -> str:
    by_other = ", by another pkbench" if event.by_other else ""
    if event.status == "finished":
        return f"{run.label}: test error {event.test_error:.2f} %{by_other}"
    return f"{run.label}: {event.status}{by_other}: {event.message}"


class Quiet(_Base):
    """Only what the user should act on, on standard error."""

    def event(self, event: Event) -> None:
        """Print notes and failures."""
        if isinstance(event, Note):
            say(f"note: {event.text}", err=True)
        elif isinstance(event, RunEnded) and event.status == "failed":
            say(f"failed: {_outcome(self.runs[event.run_id], event)}", err=True)

    def close(self) -> None:
        """Nothing is open."""


class Lines(_Base):
    """A line for each finished run, and now and then one for a long run's progress."""

    INTERVAL = 15.0
    """Least seconds between two progress lines."""

    def __init__(self) -> None:
        super().__init__()
        self._printed = time.monotonic()

    def prepared(self, prepared: Prepared, jobs: int) -> None:
        """Print the headline."""
        super().prepared(prepared, jobs)
        self._print(_headline(prepared, jobs))

    def event(self, event: Event) -> None:
        """Print what ended, and the latest epoch if nothing was printed for a while."""
        match event:
            case Note(text):
                self._print(f"note: {text}")
            case RunStarted(run_id, resumed_after) if resumed_after:
                self._print(f"{self.runs[run_id].label}: goes on after epoch {resumed_after}")
            case RunEnded():
                self.done += 1
                self._print(f"[{self.done}/{len(self.runs)}] {_outcome(self.runs[event.run_id], event)}")
            case EpochEnded(run_id, result) if time.monotonic() - self._printed > self.INTERVAL:
                run = self.runs[run_id]
                self._print(
                    f"{run.label}: epoch {result.epoch}/{run.train.epochs}, loss {result.train_loss:.3f}, "
                    f"train error {result.train_error:.2f} %, {duration(result.seconds)} an epoch, "
                    f"{result.data_seconds / result.seconds:.0%} of it waiting for data"
                )
            case ComparisonEnded():
                self._print(_compared(event))
            case _:
                return

    def close(self) -> None:
        """Nothing is open."""

    def _print(self, text: str) -> None:
        print(printable(text), flush=True)  # noqa: T201
        self._printed = time.monotonic()


class JsonEvents(_Base):
    """One JSON object a line for every event."""

    def prepared(self, prepared: Prepared, jobs: int) -> None:
        """Print the plan's size."""
        super().prepared(prepared, jobs)
        self._print(
            "Prepared",
            {
                "spec": prepared.loaded.spec.experiment.id,
                "profile": prepared.scaled.profile_name,
                "runs": len(prepared.decisions),
                "to_run": len(prepared.to_run),
            },
        )

    def event(self, event: Event) -> None:
        """Print the event."""
        self._print(type(event).__name__, asdict(event))

    def close(self) -> None:
        """Nothing is open."""

    def _print(self, kind: str, values: dict[str, object]) -> None:
        print(json.dumps({"event": kind, "time": time.time(), **values}), flush=True)  # noqa: T201


class Bars(_Base):
    """A bar for everything and one for each run at work, with epoch, loss, error and time left."""

    def __init__(self) -> None:
        super().__init__()
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            # The mean over the whole run so far: single epochs vary too much on a shared machine.
            speed_estimate_period=600,
        )
        self._tasks: dict[str, TaskID] = {}
        self._overall: TaskID | None = None

    def prepared(self, prepared: Prepared, jobs: int) -> None:
        """Print the headline and open the overall bar."""
        super().prepared(prepared, jobs)
        self._progress.console.print(marked(_headline(prepared, jobs)), highlight=False, soft_wrap=True)
        if not self.runs:
            return
        epochs = sum(run.train.epochs for run in self.runs.values())
        self._overall = self._progress.add_task("all runs", total=epochs, unit="epochs", figures="")
        self._progress.start()

    def event(self, event: Event) -> None:
        """Move the bars."""
        match event:
            case Note(text):
                self._progress.console.print(f"[yellow]note:[/] {marked(text)}", highlight=False, soft_wrap=True)
            case RunStarted(run_id, resumed_after):
                run = self.runs[run_id]
                self._tasks[run_id] = self._progress.add_task(
                    marked(run.label), total=run.train.epochs, completed=resumed_after, unit="epochs", figures=""
                )
                self._advance(resumed_after)
            case EpochEnded(run_id, result):
                figures = f"loss {result.train_loss:.3f}, train error {result.train_error:.1f} %"
                self._progress.update(self._tasks[run_id], completed=result.epoch, figures=figures)
                self._advance(1)
            case RunEnded(run_id, status):
                self._end(run_id, event, status)
            case ComparisonEnded():
                self._progress.console.print(marked(_compared(event)), highlight=False, soft_wrap=True)

    def _end(self, run_id: str, event: RunEnded, status: str) -> None:
        self.done += 1
        task = self._tasks.pop(run_id, None)
        if task is not None:
            self._progress.remove_task(task)
        if event.by_other:
            self._advance(self.runs[run_id].train.epochs)
        colour = {"finished": "green", "failed": "red"}.get(status, "yellow")
        text = marked(_outcome(self.runs[run_id], event))
        self._progress.console.print(
            f"[{colour}]{self.done}/{len(self.runs)}[/] {text}", highlight=False, soft_wrap=True
        )

    def _advance(self, epochs: int) -> None:
        if self._overall is not None:
            self._progress.advance(self._overall, epochs)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()


def _compared(event: ComparisonEnded) -> str:
    mean = "no number" if event.diagonal_mean is None else f"{event.diagonal_mean:.3f}"
    return f"{event.compare_id}: {event.a} with {event.b}: mean CKA of the diagonal {mean}"
