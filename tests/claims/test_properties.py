"""What holds of every verdict on two models."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.claims.factory import LESS
from tests.claims.pairs import compared, only

few = settings(max_examples=40, deadline=None)
error = st.integers(1, 359).map(lambda wrong: 100 * wrong / 360)
pairs = st.lists(st.tuples(error, error), min_size=3, max_size=6)


def outcome(a: Any, b: Any, **claim: Any) -> str:
    return only(compared(a, b, claims=(LESS | claim,))).outcome


@few
@given(pairs, st.randoms())
def test_the_order_of_seeds_does_not_matter(values: list[tuple[float, float]], random: Any) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    one, other = (only(compared([a for a, _ in v], [b for _, b in v])) for v in (values, shuffled))
    assert one.outcome == other.outcome
    assert one.p_support == pytest.approx(other.p_support)


@few
@given(pairs, st.floats(0.0, 50.0))
def test_only_differences_matter(values: list[tuple[float, float]], shift: float) -> None:
    a, b = [x for x, _ in values], [y for _, y in values]
    one = only(compared(a, b))
    other = only(compared([x + shift for x in a], [y + shift for y in b]))
    assert other.effect == pytest.approx(one.effect, abs=1e-9)
    assert other.p_support == pytest.approx(one.p_support, abs=1e-6)
    assume(one.p_support is not None and abs(one.p_support - 0.05) > 1e-6 and abs(one.p_support - 0.95) > 1e-6)
    assert other.outcome == one.outcome


@few
@given(pairs)
def test_exchanging_the_models_mirrors_the_verdict(values: list[tuple[float, float]]) -> None:
    mirror = {"supported": "contradicted", "contradicted": "supported", "inconclusive": "inconclusive"}
    a, b = [x for x, _ in values], [y for _, y in values]
    one, other = only(compared(a, b)), only(compared(b, a))
    assert other.outcome == mirror[one.outcome]
    assert other.p_contradict == pytest.approx(one.p_support)


@few
@given(pairs, st.floats(0, 3), st.floats(0, 3))
def test_a_larger_margin_never_helps(values: list[tuple[float, float]], x: float, y: float) -> None:
    a, b = [p for p, _ in values], [q for _, q in values]
    order = {"contradicted": 0, "inconclusive": 1, "supported": 2}
    assert order[outcome(a, b, margin=max(x, y))] <= order[outcome(a, b, margin=min(x, y))]


@few
@given(pairs, st.floats(0.001, 0.49), st.floats(0.001, 0.49))
def test_a_larger_alpha_never_undoes_a_verdict(values: list[tuple[float, float]], x: float, y: float) -> None:
    a, b = [p for p, _ in values], [q for _, q in values]
    strict, lenient = outcome(a, b, alpha=min(x, y)), outcome(a, b, alpha=max(x, y))
    assert strict in (lenient, "inconclusive")


@few
@given(pairs)
def test_undecided_verdicts_ask_for_more_seeds_than_there_are(values: list[tuple[float, float]]) -> None:
    v = only(compared([a for a, _ in values], [b for _, b in values]))
    assume(v.outcome == "inconclusive" and v.seeds_needed is not None)
    assert v.seeds_needed is not None
    assert v.seeds_needed.seeds is None or v.seeds_needed.seeds > v.n
