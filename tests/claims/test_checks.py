"""A residual within its tolerance supports a claim; nothing found assesses none."""

from pathlib import Path

import pytest

from pkbench.claims.checks import CheckVerdict, judge
from pkbench.plan.check import Check, checks_of
from pkbench.store.check_record import CheckRecord
from tests.spec.test_check_specs import AUDIT, load_checks
from tests.store.test_check_records import make_check


def check_within(folder: Path, tolerance: float) -> Check:
    return checks_of(load_checks(folder, AUDIT, ("tolerance = 0.01", f"tolerance = {tolerance!r}")).spec)[1]


def verdict(check: Check, record: CheckRecord) -> CheckVerdict:
    return judge(check, {check.run_id: record})


@pytest.mark.parametrize(
    ("residual", "tolerance", "outcome"),
    [
        (0.0, 0.0, "supported"),
        (0.01, 0.01, "supported"),
        (0.010000001, 0.01, "contradicted"),
        (1e-300, 0.0, "contradicted"),
        (5.0, 1000.0, "supported"),
    ],
)
def test_the_tolerance_itself_still_counts(residual: float, tolerance: float, outcome: str, tmp_path: Path) -> None:
    found = verdict(check_within(tmp_path, tolerance), make_check(residual=residual))
    assert (found.outcome, found.residual, found.tolerance) == (outcome, residual, tolerance)


def test_a_verdict_has_everything_behind_it(tmp_path: Path) -> None:
    check, record = check_within(tmp_path, 0.01), make_check()
    found = verdict(check, record)
    assert (found.claim_id, found.kind, found.place) == ("same-m", "equal", "Table 1")
    assert found.statement == "Both have as many features"
    assert found.sentence == "Equal in all of 4 cases."
    assert found.values == (("cases", 4.0),)
    assert (found.run_id, found.seconds) == (check.run_id, 0.5)


def test_without_a_record_nothing_is_assessed(tmp_path: Path) -> None:
    check = check_within(tmp_path, 0.01)
    found = judge(check, {"0" * 16: make_check()})
    assert (found.outcome, found.residual, found.values, found.seconds) == ("not assessed", None, (), None)
    assert found.sentence == "It has not been computed yet."


def test_a_failure_assesses_nothing_and_says_why(tmp_path: Path) -> None:
    record = make_check(residual=None, values=(), sentence="", failure="ValueError: no such thing")
    found = verdict(check_within(tmp_path, 1000.0), record)
    assert found.outcome == "not assessed"
    assert found.sentence == "The computation failed: ValueError: no such thing."


def test_a_renamed_claim_keeps_its_finding(tmp_path: Path) -> None:
    """The record's own name for the claim is history; the spec's is what is shown."""
    found = verdict(check_within(tmp_path, 0.01), make_check(claim="before"))
    assert found.claim_id == "same-m"
    assert found.outcome == "supported"
