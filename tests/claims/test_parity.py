"""Non-inferiority and equivalence: by hand, against SciPy, and by how often they are wrong."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pkbench.claims.evaluate import evaluate
from pkbench.claims.power import power, seeds_for
from pkbench.claims.statistics import equivalence, paired
from pkbench.claims.verdict import Verdict
from pkbench.spec.claim import EquivalentClaim, LessClaim, NonInferiorClaim
from tests.claims import factory

COMMON = {"statement": "a claim", "place": "here", "metric": "test_error", "alpha": 0.05, "a": "a", "b": "b"}
ERRORS = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=3, max_size=8)


def claim(kind: str, margin: float, **more: object) -> dict[str, object]:
    return {"id": kind, "kind": kind, "margin": margin, **COMMON, **more}


def verdict_of(kind: str, margin: float, a: list[float], b: list[float]) -> Verdict:
    made = factory.study("quick", seeds=tuple(range(len(a))), claims=(claim(kind, margin),))
    made.finish("a", a)
    made.finish("b", b)
    (verdict,) = evaluate(made.scaled, made.runs, made.records).verdicts
    return verdict


def test_boundaries_and_distances() -> None:
    less = LessClaim.model_validate(claim("less", 0.5))
    worse = NonInferiorClaim.model_validate(claim("non-inferior", 0.5))
    equal = EquivalentClaim.model_validate(claim("equivalent", 0.5))
    assert (less.boundaries, worse.boundaries, equal.boundaries) == ((-0.5,), (0.5,), (-0.5, 0.5))
    assert [part.distance(0.2) for part in (less, worse, equal)] == [0.7, -0.3, -0.3]
    assert [part.distance(-0.9) for part in (less, worse)] == [-0.4, -1.4]
    assert equal.distance(-0.9) == pytest.approx(0.4)


def test_two_one_sided_tests_by_hand() -> None:
    """Differences 0.1, 0.2, 0.3, 0.2: mean 0.2, sd 0.0816, error 0.0408; margin 0.4: t = 0.6/0.0408 and -0.2/0.0408."""
    a, b = [1.1, 1.2, 1.3, 1.2], [1.0, 1.0, 1.0, 1.0]
    test = equivalence(paired(a, b, margin=0.4, alpha=0.05), paired(a, b, margin=-0.4, alpha=0.05))
    error = math.sqrt(0.02 / 3) / 2
    assert test.p_for == pytest.approx(stats.t.cdf(-0.2 / error, 3))
    assert test.p_against == pytest.approx(min(1, 2 * stats.t.sf(-0.2 / error, 3)))
    assert test.effect == pytest.approx(0.2)


@given(pairs=ERRORS, margin=st.floats(0.01, 20))
def test_they_are_scipys_one_sided_tests(pairs: list[tuple[float, float]], margin: float) -> None:
    a, b = np.array([x for x, _ in pairs]), np.array([y for _, y in pairs])
    upper = paired(list(a), list(b), margin=-margin, alpha=0.05)
    if not upper.possible or np.ptp(a - b) < 1e-3:
        return
    lower = paired(list(a), list(b), margin=margin, alpha=0.05)
    below = stats.ttest_rel(a, b + margin, alternative="less").pvalue
    above = stats.ttest_rel(a, b - margin, alternative="greater").pvalue
    found = equivalence(lower, upper)
    assert upper.p_for == pytest.approx(below, abs=1e-9)
    assert found.p_for == pytest.approx(max(below, above), abs=1e-9)
    assert found.p_against == pytest.approx(min(1, 2 * min(1 - below, 1 - above)), abs=1e-9)


@given(pairs=ERRORS, margin=st.floats(0.01, 20), more=st.floats(0.01, 20))
def test_a_wider_margin_never_speaks_against_parity(
    pairs: list[tuple[float, float]], margin: float, more: float
) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]

    def test_at(m: float) -> tuple[float, float]:
        found = equivalence(paired(a, b, margin=m, alpha=0.05), paired(a, b, margin=-m, alpha=0.05))
        return found.p_for, found.p_against

    narrow, wide = test_at(margin), test_at(margin + more)
    assert wide[0] <= narrow[0] + 1e-12
    assert wide[1] >= narrow[1] - 1e-12


@given(pairs=ERRORS, margin=st.floats(0.01, 20))
def test_equivalence_is_symmetric(pairs: list[tuple[float, float]], margin: float) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]

    def p_values(first: list[float], second: list[float]) -> tuple[float, float]:
        tests = [paired(first, second, margin=m, alpha=0.05) for m in (margin, -margin)]
        found = equivalence(*tests)
        return found.p_for, found.p_against

    assert p_values(a, b) == pytest.approx(p_values(b, a), abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "margin", "shift", "outcome"),
    [
        ("non-inferior", 1.0, 0.3, "supported"),
        ("non-inferior", 1.0, -5.0, "supported"),
        ("non-inferior", 1.0, 3.0, "contradicted"),
        ("non-inferior", 1.0, 1.0, "inconclusive"),
        ("equivalent", 1.0, 0.3, "supported"),
        ("equivalent", 1.0, -0.3, "supported"),
        ("equivalent", 1.0, -3.0, "contradicted"),
        ("equivalent", 1.0, 3.0, "contradicted"),
        ("equivalent", 1.0, -1.0, "inconclusive"),
    ],
)
def test_verdicts(kind: str, margin: float, shift: float, outcome: str) -> None:
    b = [20.0, 21.0, 19.0, 20.5, 19.5]
    a = [value + shift + wobble for value, wobble in zip(b, (0.2, -0.2, 0.1, -0.1, 0.0), strict=True)]
    verdict = verdict_of(kind, margin, a, b)
    assert verdict.outcome == outcome, verdict.sentence
    assert verdict.effect == pytest.approx(shift)
    where = "between −1.00 and +1.00" if kind == "equivalent" else "below +1.00"
    assert f"claimed: {where}" in verdict.sentence
    assert verdict.boundaries == ((-1.0, 1.0) if kind == "equivalent" else (1.0,))


def test_the_same_error_for_every_seed_shows_no_parity() -> None:
    verdict = verdict_of("equivalent", 1.0, [20.0, 21.0, 22.0], [20.0, 21.0, 22.0])
    assert verdict.outcome == "inconclusive"
    assert "no spread" in verdict.sentence


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("truth", [-1.0, 1.0])
def test_parity_is_rarely_claimed_at_its_boundary(n: int, truth: float) -> None:
    """At a true difference of exactly the margin, 5 % of studies at most: 2,000 studies, 4 standard errors of slack."""
    generator = np.random.default_rng(n)
    wrong = 0
    for differences in generator.normal(truth, 0.5, size=(2000, n)):
        zeros = [0.0] * n
        tests = [paired(list(differences), zeros, margin=m, alpha=0.05) for m in (1.0, -1.0)]
        wrong += equivalence(*tests).p_for <= 0.05
    assert wrong / 2000 <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 2000)


def test_inequivalence_is_rarely_claimed_inside() -> None:
    generator = np.random.default_rng(0)
    wrong = 0
    for differences in generator.normal(1.0, 0.5, size=(2000, 5)):
        tests = [paired(list(differences), [0.0] * 5, margin=m, alpha=0.05) for m in (1.0, -1.0)]
        wrong += equivalence(*tests).p_against <= 0.05
    assert wrong / 2000 <= 0.025 + 4 * math.sqrt(0.025 * 0.975 / 2000)


def test_seeds_for_two_boundaries_give_both() -> None:
    n = seeds_for(1.0, 1.0, alpha=0.05, other=1.0)
    assert n is not None
    assert 2 * power(1.0, n, alpha=0.05) - 1 >= 0.8 > 2 * power(1.0, n - 1, alpha=0.05) - 1
    alone = seeds_for(1.0, 1.0, alpha=0.05)
    assert alone is not None
    assert alone < n
    # Only the distances in deviations count.
    assert seeds_for(-2.0, 2.0, alpha=0.05, other=2.0) == n
    # A boundary far away costs nothing.
    assert seeds_for(1.0, 1.0, alpha=0.05, other=50.0) == alone


def test_an_inconclusive_parity_says_how_many_seeds_would_decide() -> None:
    b = [20.0, 21.0, 19.0]
    verdict = verdict_of("equivalent", 1.0, [20.6, 20.4, 19.2], b)
    assert verdict.outcome == "inconclusive"
    assert verdict.seeds_needed is not None
    assert verdict.effect is not None
    assert verdict.sd is not None
    expected = seeds_for(1 - abs(verdict.effect), verdict.sd, alpha=0.05, other=1 + abs(verdict.effect))
    assert verdict.seeds_needed.seeds == expected
