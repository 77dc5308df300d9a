"""Eq. 15, S.46 and Fig. 3: extrema at fixed connections or fixed width, found by search and by formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from pkbench import widths
from pkbench.finding import Finding
from pkbench.probes.identities.draw import draws
from pkbench.spec.theory import OptimumClaim

GRID = 400
"""Points of the first search, evenly spaced in the logarithm of C."""


@dataclass(frozen=True, slots=True)
class Case:
    """A quantity as a function of C at fixed connections, and where a formula has its maximum."""

    quantity: Callable[[float], float]
    """Positive; to be maximised over C."""
    largest_C: float
    """End of the search, which begins at C = 1; at either end a side has one token or one channel."""
    place: float
    """C of the maximum by the formula."""
    value: float
    """The maximum by the formula."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """A statement about the maximum of a quantity."""

    what: str
    quantity: str
    """Name of what is maximised."""
    gammas: tuple[str, ...]
    """Names of the expansion factors that it depends on."""
    case: Callable[[float, float, float], Case]
    """The case for ``omega`` and two expansion factors, of which the second is only used where two are named."""
    measure: Callable[[Case], float]
    """How far the statement is from being true."""


def _grid(case: Case) -> list[float]:
    return [case.largest_C ** (i / GRID) for i in range(GRID + 1)]


def search(case: Case) -> tuple[float, float]:
    """``(C, value)`` of the maximum: best point of a grid, then a bounded search between its neighbours."""
    from scipy.optimize import minimize_scalar

    grid = _grid(case)
    best = max(range(len(grid)), key=lambda i: case.quantity(grid[i]))
    centre = grid[best]
    scale = case.quantity(centre)
    step = math.log(case.largest_C) / GRID
    # Near zero the search's own tolerance, relative to its variable, is no limit.
    bounds = (-step if best > 0 else 0.0, step if best < GRID else 0.0)
    found = minimize_scalar(
        lambda t: -case.quantity(centre * math.exp(t)) / scale,
        bounds=bounds,
        method="bounded",
        options={"xatol": 1e-12},
    )
    C = centre * math.exp(float(found.x))
    return C, case.quantity(C)


def from_formula(case: Case) -> float:
    """Relative difference of place and value between search and formula, the larger of both."""
    C, value = search(case)
    return max(abs(C / case.place - 1), abs(value / case.value - 1))


def wrong_step(case: Case) -> float:
    """Largest relative fall before the highest point of the grid, or rise after it; 0 with a single peak."""
    values = [case.quantity(C) for C in _grid(case)]
    peak = values.index(max(values))
    falls = [1 - after / before for before, after in pairwise(values[: peak + 1])]
    rises = [after / before - 1 for before, after in pairwise(values[peak:])]
    return max(0.0, *falls, *rises)


def _width(omega: float, gamma: float, _: float) -> Case:
    _, place = widths.optimum(omega, gamma)
    ends = widths.solve_tokens(1, omega, gamma)
    return Case(lambda C: C * widths.solve_tokens(C, omega, gamma), ends, place, (omega / gamma) ** (2 / 3))


def _sparsity(omega: float, gamma: float, _: float) -> Case:
    """``1/p``, whose maximum is the minimum of ``p = (1/C + 1/S)/2``."""
    _, place = widths.optimum(omega, gamma)

    def inverse_p(C: float) -> float:
        return 2 / (1 / C + 1 / widths.solve_tokens(C, omega, gamma))

    return Case(inverse_p, widths.solve_tokens(1, omega, gamma), place, (omega / gamma) ** (1 / 3))


def _gamma_at_fixed_m(omega: float, gamma: float, _: float) -> Case:
    # Any m will do: this one makes the drawn gamma the largest possible.
    m = (omega / gamma) ** (2 / 3)
    return Case(lambda C: omega / widths.omega(m / C, C, 1.0), m, math.sqrt(m), omega / (m * math.sqrt(m)))


def _unequal_gammas(omega: float, gamma_S: float, gamma_C: float) -> Case:
    _, place = widths.optimum(omega, gamma_S, gamma_C)
    # One token and that many channels have omega connections: eq. 14 with the sides exchanged.
    ends = widths.solve_tokens(1, omega, gamma_C, gamma_S)
    value = (omega**2 / (gamma_S * gamma_C)) ** (1 / 3)
    return Case(lambda C: C * widths.solve_tokens(C, omega, gamma_S, gamma_C), ends, place, value)


CHECKS: Mapping[str, Optimum] = {
    "largest-m": Optimum(
        "m = SC at fixed Ω is largest at C = S = (Ω/γ)^(1/3), where it is (Ω/γ)^(2/3)",
        "m",
        ("γ",),
        _width,
        from_formula,
    ),
    "smallest-p": Optimum(
        "p at fixed Ω is smallest at C = S = (Ω/γ)^(1/3), where it is 1/C", "1/p", ("γ",), _sparsity, from_formula
    ),
    "gamma-at-fixed-m": Optimum(
        "γ at fixed m is largest at C = S = √m, where it is Ω/(m√m)", "γ", ("γ",), _gamma_at_fixed_m, from_formula
    ),
    "unequal-gammas": Optimum(
        "m = SC at fixed Ω is largest where γ_S S = γ_C C, where it is (Ω²/(γ_S γ_C))^(1/3)",
        "m",
        ("γ_S", "γ_C"),
        _unequal_gammas,
        from_formula,
    ),
    "single-peak": Optimum("m = SC at fixed Ω rises to one peak and falls after it", "m", ("γ",), _width, wrong_step),
}
"""Extrema by name."""


def run_optimum(optimum: Optimum, claim: OptimumClaim) -> Finding:
    """The largest residual over the claim's draws of ``omega`` and ``gamma``, and its first draw as an example."""
    cases = []
    for draw in draws(claim.check, claim.seed, claim.draws, 1):
        omega, gammas = draw.log_uniform(*claim.omega), [draw.log_uniform(*claim.gamma) for _ in range(2)]
        cases.append((omega, gammas, optimum.case(omega, *gammas)))
    residual = max(optimum.measure(case) for _, _, case in cases)
    omega, gammas, example = cases[0]
    C, value = search(example)
    values = (
        ("draws", float(claim.draws)),
        ("largest difference", residual),
        ("first draw: Ω", omega),
        *((f"first draw: {name}", gamma) for name, gamma in zip(optimum.gammas, gammas, strict=False)),
        ("first draw: best C, by search", C),
        ("first draw: best C, by formula", example.place),
        (f"first draw: largest {optimum.quantity}, by search", value),
        (f"first draw: largest {optimum.quantity}, by formula", example.value),
    )
    sentence = (
        f"{optimum.what}: off by at most {residual:.2g} in a search over C for {claim.draws} draws of Ω from "
        f"{claim.omega[0]:.3g} to {claim.omega[1]:.3g} and {' and '.join(optimum.gammas)} from {claim.gamma[0]:g} to "
        f"{claim.gamma[1]:g}."
    )
    return Finding(residual, values, sentence)
