from dataclasses import replace

import numpy as np
import pytest

from pkbench.claims.calibration import rates
from pkbench.claims.calibration.batch import CONTRADICTED, INCONCLUSIVE, SUPPORTED, Draws, Outcomes, outcomes
from pkbench.claims.calibration.cases import cases, limits
from pkbench.claims.calibration.rates import Rate, rate
from pkbench.claims.calibration.shapes import LOPSIDED, NORMAL
from pkbench.spec.claim import AnyClaim

LESS = cases()[0]


def test_a_rate_is_that_of_the_decisions() -> None:
    found = rate(LESS, NORMAL, 3, 400)
    decided = outcomes(LESS.claims, rates.draw(LESS, NORMAL, 3, 400))
    assert found.wrong == (decided[:, 0] == SUPPORTED).sum() > 0
    assert found.share == found.wrong / 400
    assert (found.rechecked, found.disagreeing) == (6, 0)
    assert found == rate(LESS, NORMAL, 3, 400)


def test_the_other_wrong_verdict_is_counted_for_itself() -> None:
    contradicted = cases()[1]
    assert (contradicted.claims, contradicted.wrong) == (LESS.claims, "contradicted")
    decided = outcomes(contradicted.claims, rates.draw(contradicted, NORMAL, 3, 400))
    assert rate(contradicted, NORMAL, 3, 400).wrong == (decided[:, 0] == CONTRADICTED).sum() > 0


def test_only_judged_claims_count() -> None:
    case = next(case for case in cases() if case.judged == (1, 3))
    decided = outcomes(case.claims, rates.draw(case, NORMAL, 3, 200))
    # Those that hold are nearly always supported, and rightly so.
    assert (decided[:, [0, 2]] == SUPPORTED).mean() > 0.9
    assert rate(case, NORMAL, 3, 200).share < 0.15


def test_a_rule_that_decides_otherwise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(claims: tuple[AnyClaim, ...], draws: Draws) -> Outcomes:
        found = outcomes(claims, draws)
        return np.where(found == INCONCLUSIVE, SUPPORTED, found).astype(np.int8)

    monkeypatch.setattr(rates, "outcomes", lenient)
    found = rate(LESS, NORMAL, 3, 100)
    assert found.disagreeing > 0
    assert not found.holds


def test_what_holds() -> None:
    found = Rate(LESS, NORMAL, 3, 10_000, 587, 6, 0)
    # 5 % and four errors of 0.218 %.
    assert found.holds
    assert not replace(found, wrong=588).holds
    assert found.promised
    assert not replace(found, shape=LOPSIDED[0]).promised


def test_limits_fail_as_they_are_said_to() -> None:
    for case, shape in limits():
        found = rate(case, shape, 10, 1000)
        assert found.share > 0.15
        assert not found.promised


@pytest.mark.parametrize("shape", LOPSIDED, ids=lambda shape: shape.name)
def test_lopsided_differences_err_on_the_side_of_the_short_tail(shape: rates.Shape) -> None:
    share = rate(LESS, shape, 5, 2000).share
    assert share > 0.12 if shape is LOPSIDED[0] else share < 0.025
