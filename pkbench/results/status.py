"""What is done of a spec, what is being computed, what is left and how long that takes; consistent while runs are going."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pkbench.execute.device import resolve_jobs
from pkbench.execute.forecast import Forecast, forecast
from pkbench.plan.check import checks_of
from pkbench.plan.compare import comparisons
from pkbench.plan.estimate import Calibration
from pkbench.plan.reasons import Decision, decide
from pkbench.results.running import Progress, Worker, held, progress, worker
from pkbench.results.subject import Subject
from pkbench.results.wanted import scaled_runs
from pkbench.spec.load import LoadedChecks, LoadedSpec
from pkbench.store.files import Scan, Store
from pkbench.store.known import from_progress, from_record
from pkbench.store.record import Record

State = Literal["done", "running", "interrupted", "failed", "stale", "missing", "no data"]
"""stale: there is a result by its names, but of other settings or data. no data: its data set is not here."""

STATES: tuple[State, ...] = ("done", "running", "interrupted", "failed", "stale", "missing", "no data")

_STATE_OF: dict[str, State] = {
    "done": "done",
    "new": "missing",
    "changed": "stale",
    "interrupted": "interrupted",
    "failed": "failed",
    "no-data": "no data",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One run, check or comparison that a spec asks for."""

    id: str | None
    label: str
    state: State
    detail: str
    """Its result, why it failed, what changed, or how far it is."""
    epoch: int
    epochs: int
    """``epoch`` of ``epochs`` are computed and saved; both 0 where there are none."""
    worker: Worker | None
    saved: float | None
    """Unix time of the newest checkpoint of a run that is not finished."""
    seconds: float | None
    """What is left of it on this machine; ``None`` where that is not known."""


@dataclass(frozen=True, slots=True)
class Status:
    """One spec at one profile."""

    spec_id: str
    profile: str | None
    """``None`` for a spec whose claims are computed."""
    items: tuple[Item, ...]
    jobs: int
    """Runs at once that times are for."""
    worker: Worker | None
    """Who works on the spec's results now, at whatever profile."""
    problems: tuple[str, ...] = field(default=())
    """Damaged records, and why a spec could not be looked at."""

    @property
    def counts(self) -> Counter[State]:
        """How many items are in each state."""
        return Counter(item.state for item in self.items)

    @property
    def seconds(self) -> float | None:
        """Wall time of what is left; ``None`` where it is not known of everything."""
        left = [item.seconds for item in self.items if item.state not in ("done", "failed")]
        known = [seconds for seconds in left if seconds is not None]
        return sum(known) / self.jobs if len(known) == len(left) else None


def statuses(
    subject: Subject, profile: str | None, device: str, calibration: Callable[[str, int, str], Calibration | None]
) -> list[Status]:
    """The state of ``subject`` at ``profile``, or else at quick (or its first one) and every other with records.

    Args:
        subject: the results of one spec.
        profile: one of its profiles.
        device: a torch device, for which times are forecast.
        calibration: of a device, a number of threads and an engine, where there is one.

    Raises:
        UsageError: the spec has no such profile.
    """
    loaded, spec_id = subject.loaded, subject.spec_id
    if loaded is None:
        why = subject.fault or f"{subject.folder}: there is no spec of this name here"
        return [Status(spec_id, profile, (), 1, worker(subject.folder), (why,))]
    if isinstance(loaded, LoadedChecks):
        return [_of_checks(subject, loaded)]
    # Checkpoints before records: what ends in between has both, and is done; the other way round it would have neither.
    going, runs_held = progress(subject.store, spec_id), held(subject.folder)
    scan = subject.store.scan(spec_id)
    names = [profile] if profile is not None else _profiles(loaded, scan)
    return [_of_runs(subject, loaded, name, going, runs_held, scan, device, calibration) for name in names]


def _profiles(loaded: LoadedSpec, scan: Scan[Record]) -> list[str]:
    names: list[str] = list(loaded.spec.profile)
    recorded = {record.profile for record in scan.records.values()}
    recorded.add("quick" if "quick" in names else names[0])
    return [name for name in names if name in recorded]


def _of_runs(
    subject: Subject,
    loaded: LoadedSpec,
    profile: str,
    going: dict[str, Progress],
    runs_held: dict[str, Worker],
    scan: Scan[Record],
    device: str,
    calibration: Callable[[str, int, str], Calibration | None],
) -> Status:
    scaled, runs = scaled_runs(loaded, profile, None, scan.records)
    known = [from_record(record) for record in scan.records.values()]
    known += [from_progress(found.info) for run_id, found in going.items() if run_id not in scan.records]
    decisions = [d for d in decide(runs, known, fresh=False, retry_failed=False) if d.state != "same"]
    threads = scaled.train.cpu_threads
    todo = [decision.run for decision in decisions if decision.state != "done"]
    casts = iter(
        forecast(
            todo, scan.records.values(), lambda name: calibration(device, threads, name), loaded.path.parent, device
        )
    )
    items = [_item(d, going, runs_held, None if d.state == "done" else next(casts)) for d in decisions]
    compared = comparisons(scaled.compares, runs)
    if compared:
        done = subject.store.scan_comparisons(subject.spec_id)
        items += [
            _other(
                found.run_id, f"{found.compare.id}: {found.a.label}, {found.b.label}", done=found.run_id in done.records
            )
            for found in compared
        ]
    jobs = resolve_jobs(None, device, threads, max(1, len(todo)))
    return Status(
        subject.spec_id, profile, tuple(items), jobs, worker(subject.folder), _relative(scan.problems, subject.store)
    )


def _item(decision: Decision, going: dict[str, Progress], runs_held: dict[str, Worker], cast: Forecast | None) -> Item:
    run = decision.run
    at = None if decision.state in ("done", "failed") or run.run_id is None else going.get(run.run_id)
    epoch = run.train.epochs if decision.state == "done" else len(at.info.history) if at else 0
    # What is done can be held by who has just ended it; what is held and not saved yet has no epoch to show.
    who = None if decision.state == "done" else runs_held.get(run.run_id or "") or (at.worker if at else None)
    state: State = _STATE_OF[decision.state] if who is None else "running"
    left = None if cast is None else cast.estimate.seconds * (1 - epoch / run.train.epochs)
    return Item(
        run.run_id,
        run.label,
        state,
        decision.reason,
        epoch,
        run.train.epochs,
        who,
        at.saved if at else None,
        0.0 if state == "done" else left,
    )


def _of_checks(subject: Subject, loaded: LoadedChecks) -> Status:
    scan = subject.store.scan_checks(subject.spec_id)
    items = []
    for check in checks_of(loaded.spec):
        record = scan.records.get(check.run_id)
        failure = None if record is None else record.failure
        item = _other(check.run_id, check.claim.id, done=record is not None and failure is None, failure=failure)
        items.append(item)
    problems = _relative(scan.problems, subject.store)
    return Status(subject.spec_id, None, tuple(items), 1, worker(subject.folder), problems)


def _other(item_id: str, label: str, *, done: bool, failure: str | None = None) -> Item:
    """A check or comparison: seconds of work that nobody forecasts."""
    state: State = "failed" if failure is not None else "done" if done else "missing"
    return Item(item_id, label, state, failure or "", 0, 0, None, None, 0.0)


def _relative(problems: Sequence[str], store: Store) -> tuple[str, ...]:
    return tuple(problem.replace(f"{store.root}{os.sep}", "") for problem in problems)
