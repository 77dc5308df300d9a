"""Inequalities: never violated, tight where the paper's proof says so, and violated as soon as they are sharpened."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from pkbench.probes.identities import BOUNDS, check
from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import run_bound
from pkbench.probes.identities.matrices import kron
from pkbench.probes.identities.sparsity_bound import KINDS, factor, kronecker_minimum, lasso_minimum, penalty
from pkbench.spec.theory import BoundCheck
from tests.identities.cases import Sized, claim

TIGHT = {
    "lemma-b1": "equal magnitudes",
    "prop-3.3": "equal magnitudes",
    "smallest-width": "S = 1 or C = 1",
    "largest-width": "S = C",
}
LOOSE = {
    "lemma-b1": "normal entries",
    "prop-3.3": "normal entries",
    "smallest-width": "S and C above 1",
    "largest-width": "S and C differ",
}


def test_every_name_has_its_check() -> None:
    assert set(BOUNDS) == set(get_args(BoundCheck)) == set(TIGHT) == set(LOOSE)


@pytest.mark.parametrize("name", sorted(BOUNDS))
@settings(max_examples=60, deadline=None)
@given(sizes=st.tuples(st.integers(1, 7), st.integers(1, 7)), seed=st.integers(0, 2**31))
def test_bounds_hold_on_every_shape(name: str, sizes: tuple[int, int], seed: int) -> None:
    assert BOUNDS[name].trial(Sized(seed, list(sizes))).gap > -1e-12


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_tight_where_it_should_be_and_not_elsewhere(name: str) -> None:
    finding = check(claim("bound", check=name))
    values = dict(finding.values)
    assert finding.residual < 1e-12
    assert abs(values[f"smallest gap, {TIGHT[name]}"]) < 1e-12
    assert values[f"smallest gap, {LOOSE[name]}"] > 1e-4
    assert "On 200 random cases with sizes up to 6" in finding.sentence


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_any_sharper_bound_is_violated(name: str) -> None:
    def sharper(draw: Draw) -> object:
        sides = BOUNDS[name].trial(draw)
        return replace(sides, smaller=1.001 * sides.smaller)

    finding = run_bound(replace(BOUNDS[name], trial=sharper), claim("bound", check=name))
    assert finding.residual > 1e-4
    assert dict(finding.values)["largest violation"] == finding.residual


@pytest.mark.parametrize("kind", KINDS)
def test_factors_are_never_zero(kind: str) -> None:
    assert all(float(factor(Draw(seed, 1), kind, 2, 2).abs().max()) > 0 for seed in range(50))


@pytest.mark.parametrize(("C", "S"), [(1, 1), (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("share", [0.05, 0.5, 2.0])
def test_kronecker_minimum_is_what_descent_finds(C: int, S: int, share: float) -> None:
    """The best of several descents from random factors, which know nothing of singular values."""
    A = kron(Draw(5, 1).normal(C, C), Draw(6, 1).normal(S, S)) + 0.1 * Draw(7, 1).normal(C * S, C * S)
    strength = share * float(A.norm())

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        factors = torch.from_numpy(x).requires_grad_()
        V, W = factors[: C * C].view(C, C), factors[C * C :].view(S, S)
        value = (kron(V, W) - A).square().sum() / 2 + strength * factors.square().sum() / 2
        value.backward()
        return float(value.detach()), factors.grad.numpy()

    def descend(seed: int) -> float:
        start = Draw(seed, 1).normal(C * C + S * S).numpy()
        return minimize(objective, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9}).fun

    found = min(descend(seed) for seed in range(4))
    assert kronecker_minimum(A, C, S, strength) == pytest.approx(found, rel=1e-6)


def test_lasso_minimum_is_what_a_grid_finds() -> None:
    A = Draw(1, 1).normal(4, 4)
    grid = torch.linspace(-4, 4, 80001, dtype=torch.float64)
    for strength in (0.0, 0.3, 5.0):
        found = sum(float(((grid - a) ** 2 / 2 + strength * grid.abs()).min()) for a in A.flatten())
        assert lasso_minimum(A, strength) == pytest.approx(found, abs=1e-7)


def test_penalty_by_hand() -> None:
    assert penalty(torch.tensor([1.0, 2.0]), torch.tensor([3.0])) == 7.0
