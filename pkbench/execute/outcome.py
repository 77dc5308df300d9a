"""What became of a command's runs, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pkbench.execute.checks import CheckEnded
from pkbench.execute.events import RunEnded
from pkbench.execute.prepare import Prepared
from pkbench.plan.check import checks_of
from pkbench.spec.load import LoadedChecks


@dataclass(frozen=True, slots=True)
class Outcome:
    """Runs of one spec at one profile by what became of them; of a theory or audit spec its checks, at no profile."""

    spec: str
    profile: str
    planned: int
    """All that were asked for."""
    to_run: int
    """Of them, those that were not done."""
    finished: int
    by_others: int
    """Of those finished, the ones that another pkbench computed meanwhile."""
    failed: int
    failed_before: int
    """Runs that were left alone because they had failed."""
    interrupted: int
    blocked: int
    """Runs whose data is not here."""
    seconds: float
    folder: Path
    """Where the results of the spec are."""

    @property
    def left(self) -> int:
        """Runs still to be computed: the same command goes on with them."""
        return self.to_run - self.finished - self.failed

    @property
    def complete(self) -> bool:
        """Whether everything asked for has a result, and none of it is a failure."""
        return not (self.left or self.failed or self.failed_before or self.blocked)


def outcome(prepared: Prepared, ended: Sequence[RunEnded], seconds: float) -> Outcome:
    """What became of the runs of ``prepared``, of which ``ended`` tells, in ``seconds``."""
    spec_id = prepared.loaded.spec.experiment.id
    count = {name: sum(event.status == name for event in ended) for name in ("finished", "failed", "interrupted")}
    decisions = prepared.decisions
    return Outcome(
        spec=spec_id,
        profile=prepared.scaled.profile_name,
        planned=len(decisions),
        to_run=len(prepared.to_run),
        finished=count["finished"],
        by_others=sum(event.by_other and event.status == "finished" for event in ended),
        failed=count["failed"],
        failed_before=sum(decision.state == "failed" and decision.action == "skip" for decision in decisions),
        interrupted=count["interrupted"],
        blocked=sum(decision.action == "blocked" for decision in decisions),
        seconds=seconds,
        folder=prepared.store.folder(spec_id),
    )


def outcome_of_checks(loaded: LoadedChecks, results: Path, ended: Sequence[CheckEnded], seconds: float) -> Outcome:
    """What became of the checks of ``loaded``, of which ``ended`` tells, in ``seconds``."""
    planned = len(checks_of(loaded.spec))
    failed = sum(event.record.failure is not None for event in ended)
    skipped = sum(not event.fresh for event in ended)
    spec_id = loaded.spec.experiment.id
    return Outcome(
        spec=spec_id,
        profile="",
        planned=planned,
        to_run=planned - skipped,
        finished=len(ended) - skipped - failed,
        by_others=0,
        failed=failed,
        failed_before=0,
        interrupted=0,
        blocked=0,
        seconds=seconds,
        folder=results / spec_id,
    )
