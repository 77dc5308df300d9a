"""Brent's method: SciPy's very result, on functions of every temper."""

import math
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from pkbench.claims.root import root

calm = settings(deadline=None)


def counted(function: Callable[[float], float]) -> tuple[Callable[[float], float], list[float]]:
    """``function``, and the numbers it is called with."""
    tried: list[float] = []

    def call(x: float) -> float:
        tried.append(x)
        return function(x)

    return call, tried


SHAPES: list[Callable[[float, float], float]] = [
    lambda x, a: x - a,
    lambda x, a: (x - a) ** 3 + 0.1 * (x - a),
    lambda x, a: (x - a) ** 9,
    lambda x, a: math.atan(50 * (x - a)),
    lambda x, a: math.exp(x) - math.exp(a),
    lambda x, a: -math.tanh(x - a),
    lambda x, a: 1.0 if x > a else -1.0,
]


@calm
@given(
    st.sampled_from(SHAPES), st.floats(-5, 5), st.floats(-9, -5), st.floats(5, 20), st.sampled_from([1e-12, 1e-9, 1e-2])
)
def test_it_is_scipys_to_the_last_bit_and_tries_the_same_numbers(
    shape: Callable[[float, float], float], a: float, low: float, high: float, within: float
) -> None:
    assume(shape(low, a) * shape(high, a) < 0)
    ours, tried = counted(lambda x: shape(x, a))
    theirs, their_tried = counted(lambda x: shape(x, a))
    expected = brentq(theirs, low, high, xtol=within, maxiter=1000)
    assert root(ours, low, high, within=within) == expected
    # SciPy looks at both ends once more, to see that their signs differ.
    assert tried == their_tried[-len(tried) :]


@pytest.mark.parametrize(("low", "high"), [(2.0, 5.0), (-1.0, 2.0)])
def test_a_zero_at_an_end_is_found(low: float, high: float) -> None:
    assert root(lambda x: x - 2.0, low, high, within=1e-9) == 2.0
