"""The paper's formulas against each other and against published numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench import widths


def test_figure_4_and_5_shapes_follow_from_omega() -> None:
    for C, S in ((4, 360), (8, 252), (12, 203), (28, 124), (44, 89), (48, 83), (64, 64)):
        assert round(widths.solve_tokens(C, 2**19, 2.0)) == S
    for omega, C, S in ((2**18, 16, 173), (2**18, 32, 113), (2**18, 48, 83), (2**21, 16, 504), (2**21, 64, 226)):
        assert round(widths.solve_tokens(C, omega, 1.0)) == S


@given(C=st.integers(1, 500), S=st.integers(1, 500), gamma=st.floats(0.25, 8))
def test_solving_for_tokens_inverts_omega(C: int, S: int, gamma: float) -> None:
    assert math.isclose(widths.solve_tokens(C, widths.omega(S, C, gamma), gamma), S, rel_tol=1e-6)


GAMMAS = st.sampled_from([0.5, 1.0, 2.0, 4.0])


@given(omega=st.integers(2**10, 2**30), gamma_S=GAMMAS, gamma_C=GAMMAS)
def test_the_optimum_is_widest(omega: int, gamma_S: float, gamma_C: float) -> None:
    best_S, best_C = widths.optimum(omega, gamma_S, gamma_C)
    assert math.isclose(widths.omega(best_S, best_C, gamma_S, gamma_C), omega, rel_tol=1e-9)
    assert math.isclose(gamma_S * best_S, gamma_C * best_C, rel_tol=1e-9)
    for factor in (0.5, 0.9, 1.1, 2.0):
        C = best_C * factor
        assert best_S * best_C > widths.solve_tokens(C, omega, gamma_S, gamma_C) * C


def test_one_gamma_serves_both_sides() -> None:
    assert widths.optimum(2**19, 2.0) == pytest.approx((64, 64))
    assert widths.omega(64, 48, 2.0) == widths.omega(64, 48, 2.0, 2.0)
    assert widths.solve_tokens(48, 2**18, 2.0) == widths.solve_tokens(48, 2**18, 2.0, 2.0)


def test_fractional_gamma_rounds_to_whole_widths() -> None:
    assert widths.hidden_width(4.57, 256) == 1170
    assert widths.hidden_width(4.57, 588) == 2687
    assert widths.hidden_width(0.5, 5) == 3
    assert widths.hidden_width(0.01, 5) == 1
