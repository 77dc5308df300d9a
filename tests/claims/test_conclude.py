"""Holm's correction over the claims of a spec, each direction by itself."""

from typing import Any

import pytest

from pkbench.claims.verdict import Verdict
from tests.claims.factory import LESS, QUOTED, VALUE, reported, study
from tests.claims.pairs import A, B, P, compared, verdicts


def family(*claims: dict[str, Any], **errors: Any) -> list[Verdict]:
    s = study(seeds=(0, 1, 2), claims=claims, models={"a": {"C": 8}, "b": {"C": 9}, "c": {"C": 10}})
    for model, values in errors.items():
        s.finish(model, values)
    return verdicts(s)


A_C = LESS | {"id": "a-c", "b": "c"}


def test_holm_over_the_claims() -> None:
    # a - b: -1, -2, -3 (p = .03709); a - c: -5, -6, -7.3 is far clearer and takes the factor 2, the other then 1.
    first, second = family(LESS, A_C, a=A, b=B, c=(6.0, 8.0, 10.3))
    assert first.p_support == pytest.approx(P)
    assert second.p_support is not None
    assert second.p_support < 0.01
    assert first.adjusted_support == first.p_support
    assert second.adjusted_support == 2 * second.p_support
    assert (first.outcome, second.outcome) == ("supported", "supported")
    assert (first.family_support, first.family_contradict) == (2, 2)
    # With c no clearer than b both take the factor 2 and neither holds.
    first, second = family(LESS, A_C, a=A, b=B, c=B)
    assert first.adjusted_support == second.adjusted_support == pytest.approx(2 * P)
    assert (first.outcome, second.outcome) == ("inconclusive", "inconclusive")


def test_directions_are_corrected_separately() -> None:
    # a is below b (p = .03709) and above c (p = .03709): one small p value in each direction, factor 2 each.
    first, second = family(LESS, A_C, a=B, b=(3.0, 6.0, 9.0), c=A)
    assert first.p_support == pytest.approx(P)
    assert second.p_contradict == pytest.approx(P)
    assert first.adjusted_support == second.adjusted_contradict == pytest.approx(2 * P)


def test_claims_that_cannot_be_decided_yet_count_in_the_family() -> None:
    # c has not run: its claim enters with p = 1, so a - b is not corrected less than it will be in the end.
    first, second = family(LESS, A_C, a=A, b=B)
    assert first.adjusted_support == pytest.approx(2 * P)
    assert first.outcome == "inconclusive"
    assert (second.adjusted_support, second.family_support) == (None, 2)


def test_an_obstacle_keeps_a_small_p_value_from_lightening_the_others() -> None:
    # a - c is extremely clear but not about equal connections: it must not use up the factor 2.
    blocked = A_C | {"equal_connections_within": 0.01}
    first, second = family(LESS, blocked, a=A, b=B, c=(60.0, 61.0, 62.1))
    assert second.outcome == "inconclusive"
    assert second.p_support is not None
    assert second.p_support < 0.001
    assert first.adjusted_support == pytest.approx(2 * P)


def test_claims_that_are_not_assessed_do_not_count() -> None:
    s = compared(claims=(LESS, QUOTED, VALUE), numbers=(reported("lasso", 9.0), reported("a", 9.0)))
    first, quoted, value = verdicts(s)
    assert (quoted.outcome, value.outcome) == ("not assessed", "not assessed")
    assert first.adjusted_support == first.p_support
    assert (first.family_support, first.family_contradict) == (1, 1)


def test_value_claims_count_in_the_family_against_only() -> None:
    s = study("paper", seeds=(0, 1, 2), claims=(LESS, VALUE), numbers=(reported("a", 2.0, 1.0, 3),))
    s.finish("a", A)
    s.finish("b", B)
    less, value = verdicts(s)
    assert (less.family_support, less.family_contradict) == (1, 2)
    assert (value.family_support, value.family_contradict) == (0, 2)
    assert less.adjusted_support == less.p_support
    assert (value.p_support, value.adjusted_support) == (None, None)
