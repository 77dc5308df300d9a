"""Carrying out the checks of a theory or audit spec: one after another, here, each kept as a record."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pkbench.audit.evaluate import audit
from pkbench.errors import PkbenchError
from pkbench.execute.context import code_identity, environment, new_invocation
from pkbench.execute.events import Event, Note
from pkbench.execute.holds import Holds
from pkbench.execute.tidy import tidy
from pkbench.finding import Finding
from pkbench.plan.check import Check, checks_of
from pkbench.spec.load import LoadedChecks
from pkbench.spec.theory import TheoryPart
from pkbench.store.check_record import CheckRecord, FoundValue
from pkbench.store.files import Store
from pkbench.store.record import CodeIdentity, Invocation, SpecIdentity
from pkbench.table import Row, Table


@dataclass(frozen=True, slots=True)
class CheckEnded:
    """A check has a record; ``fresh`` says whether it was computed now."""

    check: Check
    record: CheckRecord
    fresh: bool


def run_checks(
    loaded: LoadedChecks,
    results: Path,
    *,
    fresh: bool,
    emit: Callable[[Event], None],
    on_check: Callable[[CheckEnded], None],
    should_stop: Callable[[], bool],
) -> bool:
    """Compute every check of ``loaded`` that has no sound record, or all of them if ``fresh``; whether all are done.

    ``on_check`` is called for each, those that were done before included. What failed before is tried again.

    Raises:
        StoreError: the result folder cannot be written.
    """
    store = Store(results)
    experiment = loaded.spec.experiment
    spec = SpecIdentity(id=experiment.id, title=experiment.title, sha256=loaded.sha256)
    invocation, code = new_invocation(), code_identity()
    tidy(store, experiment.id)
    for problem in store.scan_checks(experiment.id).problems:
        emit(Note(problem))
    by_id: dict[str, list[Check]] = {}
    for check in checks_of(loaded.spec):
        by_id.setdefault(check.run_id, []).append(check)

    def compute(name: str) -> None:
        for check in by_id[name]:
            # Looked up now that it is held: another process may have computed it meanwhile, or this one for an equal claim.
            record = store.read_check(experiment.id, name)
            done = record is not None and record.failure is None
            if record is None or not done or (fresh and record.invocation != invocation):
                record = _record(check, spec, code, invocation)
                store.write(record)
                done = False
            on_check(CheckEnded(check, record, fresh=not done))

    return Holds(store.folder(experiment.id)).each(list(by_id), compute, emit, should_stop)


def plan_checks(loaded: LoadedChecks, results: Path, *, fresh: bool) -> Table:
    """A row for each check of ``loaded``: whether it would be computed, and why."""
    scan = Store(results).scan_checks(loaded.spec.experiment.id)
    rows: list[Row] = []
    for check in checks_of(loaded.spec):
        record = scan.records.get(check.run_id)
        done = record is not None and record.failure is None
        reason = "never computed" if record is None else f"done in {record.seconds:.1f} s"
        if record is not None and record.failure is not None:
            reason = f"failed before ({record.failure}); tried again"
        action = "skip" if done and not fresh else "run"
        row = {"run_id": check.run_id, "claim": check.claim.id, "kind": check.claim.kind}
        rows.append({**row, "action": action, "reason": reason})
    return Table(("run_id", "claim", "kind", "action", "reason"), rows, scan.problems)


def _record(check: Check, spec: SpecIdentity, code: CodeIdentity, invocation: Invocation) -> CheckRecord:
    """The record of ``check``, computed now."""
    started = time.perf_counter()
    finding, failure = _find(check)
    return CheckRecord(
        format=1,
        run_id=check.run_id,
        spec=spec,
        claim=check.claim.id,
        config=dict(check.config),
        residual=finding.residual if finding else None,
        values=tuple(FoundValue(name=name, value=value) for name, value in finding.values) if finding else (),
        sentence=finding.sentence if finding else "",
        failure=failure,
        seconds=time.perf_counter() - started,
        ended=time.time(),
        environment=environment("cpu", _threads()),
        code=code,
        invocation=invocation,
    )


def _find(check: Check) -> tuple[Finding | None, str | None]:
    """The finding, or why there is none: what goes wrong in one check keeps no other from being computed."""
    claim = check.claim
    try:
        if isinstance(claim, TheoryPart):
            from pkbench.probes.identities import check as check_identity

            finding = check_identity(claim)
        else:
            finding = audit(claim, check.configurations)
    except PkbenchError as error:
        return None, error.message
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
    if not all(math.isfinite(number) for number in (finding.residual, *(value for _, value in finding.values))):
        return None, f"the computation gave a number that is not finite: {finding}"
    return finding, None


def _threads() -> int:
    import torch

    return torch.get_num_threads()
