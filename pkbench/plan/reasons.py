"""Whether a run would be computed, and why: a pure comparison of what is wanted with what is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pkbench.plan.changes import Change, changes
from pkbench.plan.run import Run


@dataclass(frozen=True, slots=True)
class Known:
    """What is on disk about one run. ``epoch`` counts completed epochs."""

    run_id: str
    status: Literal["finished", "failed", "interrupted"]
    epoch: int
    detail: str
    """The result of a finished run, the reason of a failed one."""
    labels: tuple[str, str, int]
    """Names of model and data set, and the seed, when it was computed."""
    config: Mapping[str, Any]
    transient: bool = False
    """Whether a failed run's cause lay outside of it, and may have gone."""


@dataclass(frozen=True, slots=True)
class Decision:
    """``action`` for a run and ``reason`` in plain words."""

    run: Run
    action: Literal["run", "skip", "blocked"]
    state: Literal["done", "new", "changed", "interrupted", "failed", "no-data", "same"]
    reason: str
    changed: tuple[Change, ...] = ()


def decide(runs: Sequence[Run], known: Iterable[Known], *, fresh: bool, retry_failed: bool) -> list[Decision]:
    """A decision for each of ``runs``.

    ``fresh`` computes everything again; ``retry_failed`` what failed before, which is else tried again only where the cause
    lay outside of the run. A run never computed is
    compared with the nearest result that carries its names and is no longer asked for, to say what changed.
    """
    by_id = {entry.run_id: entry for entry in known}
    wanted = {run.run_id for run in runs}
    stale: dict[tuple[str, str, int], list[Known]] = {}
    for entry in by_id.values():
        if entry.run_id not in wanted and entry.status == "finished":
            stale.setdefault(entry.labels, []).append(entry)
    first: dict[str, Run] = {}
    decisions = []
    for run in runs:
        twin = None if run.run_id is None else first.setdefault(run.run_id, run)
        if twin is not None and twin is not run:
            decisions.append(Decision(run, "skip", "same", f"the same run as {twin.label}"))
        else:
            decisions.append(_decide_one(run, by_id, stale, fresh=fresh, retry_failed=retry_failed))
    return decisions


def _decide_one(
    run: Run,
    by_id: Mapping[str, Known],
    stale: Mapping[tuple[str, str, int], list[Known]],
    *,
    fresh: bool,
    retry_failed: bool,
) -> Decision:
    if run.run_id is None:
        reason = f"the files of data set {run.data.id} are not here; pkbench data get {run.spec_id} {run.data.id}"
        return Decision(run, "blocked", "no-data", reason)
    entry = by_id.get(run.run_id)
    if entry is None:
        return _never_computed(run, stale.get((run.model.id, run.data.id, run.seed), []))
    if entry.status == "interrupted":
        reason = f"interrupted after epoch {entry.epoch} of {run.train.epochs}"
        return Decision(run, "run", "interrupted", f"{reason}; {'from the start' if fresh else 'goes on from there'}")
    if entry.status == "finished":
        reason = f"done ({entry.detail})"
        return Decision(run, "run" if fresh else "skip", "done", reason + ("; computed again" if fresh else ""))
    again = fresh or retry_failed or entry.transient
    what = "--retry-failed tries again"
    if again:
        what = "tried again" if fresh or retry_failed else "the cause may have gone: tried again"
    return Decision(run, "run" if again else "skip", "failed", f"failed before ({entry.detail}); {what}")


def _never_computed(run: Run, candidates: list[Known]) -> Decision:
    differences = [changes(entry.config, run.config) for entry in candidates]
    if not differences:
        return Decision(run, "run", "new", "never run")
    nearest = min(differences, key=len)
    return Decision(run, "run", "changed", "; ".join(str(change) for change in nearest), nearest)
