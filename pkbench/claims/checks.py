"""Verdicts on claims that are computed, not trained: a residual against its tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pkbench.plan.check import Check
from pkbench.store.check_record import CheckRecord

CheckOutcome = Literal["supported", "contradicted", "not assessed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckVerdict:
    """A verdict with everything behind it; numbers are ``None`` where nothing was found."""

    claim_id: str
    kind: str
    statement: str
    place: str
    outcome: CheckOutcome
    residual: float | None
    tolerance: float
    sentence: str
    """What was found, or why nothing was."""
    values: tuple[tuple[str, float], ...]
    run_id: str
    seconds: float | None


def judge(check: Check, records: Mapping[str, CheckRecord]) -> CheckVerdict:
    """The verdict on the claim of ``check``: supported exactly where its residual is within its tolerance."""
    claim, record = check.claim, records.get(check.run_id)
    residual = None if record is None else record.residual
    outcome: CheckOutcome = "not assessed"
    if residual is not None:
        outcome = "supported" if residual <= claim.tolerance else "contradicted"
    sentence = "It has not been computed yet."
    if record is not None:
        sentence = record.sentence if record.failure is None else f"The computation failed: {record.failure}."
    return CheckVerdict(
        claim_id=claim.id,
        kind=claim.kind,
        statement=claim.statement,
        place=claim.place,
        outcome=outcome,
        residual=residual,
        tolerance=claim.tolerance,
        sentence=sentence,
        values=tuple((found.name, found.value) for found in record.values) if record else (),
        run_id=check.run_id,
        seconds=None if record is None else record.seconds,
    )
