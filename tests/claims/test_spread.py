"""Deviations drawn together, against Smyth's (2004) formulas written out slowly and against simulated truths."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from pkbench.claims.spread import Spread, distinct, inverse_trigamma, moderated, moderated_variances

KIND = ("difference", "test_error", "cifar10")
VARIANCES = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=12)


def drawn(variances: Sequence[float], df: Sequence[float]) -> list[float]:
    return list(moderated_variances(np.array(variances), np.array(df)).tolist())


def slow(variances: Sequence[float], df: Sequence[float]) -> list[float]:
    """Smyth (2004), §6.2, one comparison after another: e_g, the variance of its mean, d_0 by bisection, s_0."""
    count = len(variances)
    if count == 1:
        return list(variances)
    e = [math.log(s2) - special.psi(d / 2) + math.log(d / 2) for s2, d in zip(variances, df, strict=True)]
    mean = sum(e) / count
    excess = sum(
        count / (count - 1) * (x - mean) ** 2 - special.polygamma(1, d / 2) for x, d in zip(e, df, strict=True)
    )
    if excess / count <= 1e-6:
        pooled = sum(s2 * d for s2, d in zip(variances, df, strict=True)) / sum(df)
        return [pooled] * count
    half = optimize.brentq(lambda x: special.polygamma(1, x) - excess / count, 1e-3, 1e7, xtol=1e-13, rtol=1e-13)
    common = math.exp(mean + special.psi(half) - math.log(half))
    return [(2 * half * common + d * s2) / (2 * half + d) for s2, d in zip(variances, df, strict=True)]


@given(VARIANCES, st.data())
def test_it_is_what_the_formulas_say(variances: list[float], data: st.DataObject) -> None:
    df = data.draw(st.lists(st.integers(1, 30), min_size=len(variances), max_size=len(variances)))
    assert drawn(variances, df) == pytest.approx(slow(variances, df), rel=1e-5)


def test_two_that_differ_by_hand() -> None:
    # Four degrees each: the logarithms are ln 4 apart, so 2 * (ln 4 / 2)² = 0.960906, less trigamma(2) = 0.644934: 0.315972.
    # trigamma(3.6430) = 0.31597, so 7.286 degrees; digamma(2) - ln 2 = -0.270363, digamma(3.643) - ln 3.643 = -0.143506:
    # ln s0² = ln 2 + 0.270363 - 0.143506 = 0.820004, s0² = 2.27051.
    low, high = drawn((1.0, 4.0), (4, 4))
    assert low == pytest.approx((7.286 * 2.27051 + 4 * 1) / 11.286, abs=2e-3)
    assert high == pytest.approx((7.286 * 2.27051 + 4 * 4) / 11.286, abs=2e-3)


def test_what_differs_no_more_than_by_chance_is_one() -> None:
    # Degrees weigh: (2 * 1 + 6 * 2) / 8.
    assert drawn((1.0, 2.0), (2, 6)) == pytest.approx([1.75, 1.75])
    assert drawn((3.0, 3.0, 3.0), (4, 4, 4)) == pytest.approx([3.0] * 3)


def test_a_single_one_stays_itself() -> None:
    assert drawn((2.5,), (4,)) == [2.5]


@given(VARIANCES, st.floats(0.01, 100.0), st.randoms())
def test_units_and_order_do_not_matter(variances: list[float], unit: float, random: object) -> None:
    df = [4.0] * len(variances)
    found = drawn(variances, df)
    assert drawn([unit * s2 for s2 in variances], df) == pytest.approx([unit * s2 for s2 in found], rel=1e-6)
    assert drawn(variances[::-1], df) == pytest.approx(found[::-1], rel=1e-6)
    # Who scatters more still does.
    assert sorted(range(len(found)), key=lambda i: (round(found[i], 9), variances[i])) == sorted(
        range(len(found)), key=lambda i: variances[i]
    )


@pytest.mark.parametrize("differing", [0.0, 0.3, 1.0])
def test_it_is_nearer_to_the_truth_than_each_alone(differing: float) -> None:
    random = np.random.Generator(np.random.PCG64(5))
    true = np.exp(2 * differing * random.standard_normal((500, 8)))
    observed = true * random.chisquare(4, (500, 8)) / 4
    found = moderated_variances(observed, np.full(8, 4.0))
    error, alone = (np.mean(np.log(values / true) ** 2) for values in (found, observed))
    assert error < {0.0: 0.3, 0.3: 0.6, 1.0: 1.0}[differing] * alone


def test_studies_side_by_side_are_each_alone() -> None:
    random = np.random.Generator(np.random.PCG64(6))
    observed = random.chisquare(4, (20, 5))
    found = moderated_variances(observed, np.full(5, 4.0))
    for row, of_row in zip(observed, found, strict=True):
        assert of_row.tolist() == pytest.approx(drawn(row.tolist(), [4.0] * 5), rel=1e-9)


@given(st.floats(1e-6, 1e6))
def test_trigamma_is_turned_around(value: float) -> None:
    (x,) = inverse_trigamma(np.array([value])).tolist()
    assert special.polygamma(1, x) == pytest.approx(value, rel=1e-8)


def test_a_comparison_counts_once_whatever_its_order() -> None:
    spreads = [
        Spread(KIND, ("r1", "r2"), 1.0, 3),
        Spread(KIND, ("r2", "r1"), 1.0, 3),
        Spread(KIND, ("r1", "r3"), 2.0, 3),
        Spread(("slope", "C", "test_error", "cifar10"), ("r1", "r4"), 9.0, 3),
    ]
    known = distinct(spreads, KIND)
    assert sorted(spread.sd for spread in known) == [1.0, 2.0]
    wanted = [math.sqrt(value) for value in drawn((1.0, 4.0), (2, 2))]
    assert moderated([spreads[2], spreads[1]], known) == pytest.approx(wanted[::-1])


def test_the_seeds_of_each_are_its_degrees_of_freedom() -> None:
    known = [Spread(KIND, ("r1",), 1.0, 5), Spread(KIND, ("r2",), 6.0, 9)]
    wanted = [math.sqrt(value) for value in drawn((1.0, 36.0), (4, 8))]
    assert moderated(known, known) == pytest.approx(wanted)
    assert wanted[0] < 2.0 < wanted[1]
