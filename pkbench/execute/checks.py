"""Carrying out the checks of a theory or audit spec: one after another, here, each kept as a record."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pkbench.atomic import remove_leftovers
from pkbench.audit.evaluate import audit
from pkbench.errors import PkbenchError
from pkbench.execute.context import code_identity, environment, new_invocation
from pkbench.execute.events import Event, Note
from pkbench.execute.session import locked
from pkbench.finding import Finding
from pkbench.plan.check import Check, checks_of
from pkbench.spec.load import LoadedChecks
from pkbench.spec.theory import TheoryPart
from pkbench.store.check_record import CheckRecord, FoundValue
from pkbench.store.files import Store
from pkbench.store.record import SpecIdentity


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
    with locked(store.folder(experiment.id), emit, should_stop):
        remove_leftovers(store.checks_folder(experiment.id))
        scan = store.scan_checks(experiment.id)
        for problem in scan.problems:
            emit(Note(problem))
        for check in checks_of(loaded.spec):
            if should_stop():
                return False
            record = scan.records.get(check.run_id)
            if record is not None and record.failure is None and not fresh:
                on_check(CheckEnded(check, record, fresh=False))
                continue
            started = time.perf_counter()
            finding, failure = _find(check)
            record = CheckRecord(
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
            store.write(record)
            on_check(CheckEnded(check, record, fresh=True))
    return True


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
