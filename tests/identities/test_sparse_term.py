"""(1 - p)/q^2 of eq. 17 at fixed connections: by hand, exactly, and as what makes the largest singular value grow."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.probes.identities.connections import counted_sparse_term
from pkbench.probes.spectra import c_gamma, sw_edge
from pkbench.widths import sparse_term

GAMMAS = st.sampled_from([0.5, 1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("m", "ones", "gamma", "value"),
    [
        (4, 8, 1, 0.25),  # p = 1/2, q^2 = 2: (1/2)/2, and 4/8 - 1/4
        (4, 8, 2, 0.75),  # p = 1/4, q^2 = 1: (3/4)/1, and 8/8 - 1/4
        (8, 8, 2, 1.875),  # the same ones at twice the width: p = 1/16, q^2 = 1/2, and 16/8 - 1/8
        (3, 9, 1, 0.0),  # dense
    ],
)
def test_by_hand(m: int, ones: int, gamma: int, value: float) -> None:
    assert sparse_term(m, ones, gamma) == pytest.approx(value, abs=1e-15)
    for seed in range(3):
        assert counted_sparse_term(m, ones, gamma, seed) == pytest.approx(value, abs=1e-15)


def test_figure_4_by_hand() -> None:
    """Its widest point, m = 4096 and p = 1/64: q^2 = 64, so 63/4096. Omega = 2^19 and gamma = 2."""
    assert sparse_term(4096, 2**19, 2) == 63 / 4096


@given(m=st.integers(1, 10**4), gamma=st.integers(1, 8), share=st.fractions(Fraction(1, 1000), 1))
def test_exact_fractions_give_the_same(m: int, gamma: int, share: Fraction) -> None:
    omega = share * gamma * m * m
    exact = (1 - share) / (share * m)
    assert exact == gamma * m / omega - Fraction(1, m)
    assert math.isclose(sparse_term(m, float(omega), gamma), exact, rel_tol=1e-9, abs_tol=1e-12)


@given(m=st.integers(1, 10**5), more=st.integers(1, 10**5), gamma=GAMMAS, share=st.floats(1e-3, 1))
def test_at_fixed_connections_it_grows_linearly_up_to_one_over_m(m: int, more: int, gamma: float, share: float) -> None:
    """What is left of a straight line through zero is 1/m: positive, and less the wider."""
    omega = share * gamma * m * m
    narrow, wide = sparse_term(m, omega, gamma), sparse_term(m + more, omega, gamma)
    assert wide > narrow
    slope = gamma / omega
    assert math.isclose(wide - narrow, slope * more + 1 / m - 1 / (m + more), rel_tol=1e-6)


@given(m=st.integers(1, 10**5), gamma=GAMMAS, p=st.floats(1e-3, 1), corrected=st.booleans())
def test_it_is_what_eq_17_adds(m: int, gamma: float, p: float, corrected: bool) -> None:
    """L_+ = c^2 + 3 c^2 sqrt(gamma) (1 - p)/q^2 as printed, with 1/sqrt(gamma) corrected."""
    factor = gamma**-0.5 if corrected else gamma**0.5
    edge = c_gamma(gamma) * math.sqrt(1 + 3 * factor * max(0.0, sparse_term(m, p * gamma * m * m, gamma)))
    assert sw_edge(gamma, m, p, corrected=corrected) == pytest.approx(edge, rel=1e-9)
