"""Extrema: the search finds known ones, formulas agree with it, and a displaced formula is found out."""

import math
from dataclasses import replace
from typing import get_args

import pytest

from pkbench import widths
from pkbench.probes.identities import check, optima
from pkbench.probes.identities.optima import CHECKS, Case, Optimum, from_formula, run_optimum, search, wrong_step
from pkbench.spec.theory import OptimumCheck
from tests.identities.cases import claim

BY_FORMULA = sorted(name for name, optimum in CHECKS.items() if optimum.measure is from_formula)


def test_every_name_has_its_check() -> None:
    assert set(CHECKS) == set(get_args(OptimumCheck))


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_formulas_agree_with_the_search(name: str) -> None:
    assert check(claim("optimum", check=name)).residual < 1e-6


@pytest.mark.parametrize("name", BY_FORMULA)
@pytest.mark.parametrize("part", ["place", "value"])
def test_a_displaced_formula_is_found_out(name: str, part: str) -> None:
    def displaced(*numbers: float) -> Case:
        case = CHECKS[name].case(*numbers)
        return replace(case, **{part: getattr(case, part) * 1.00001})

    assert run_optimum(replace(CHECKS[name], case=displaced), claim("optimum", check=name)).residual > 5e-6


@pytest.mark.parametrize("name", ["largest-m", "smallest-p", "unequal-gammas"])
def test_the_projects_own_optimum_is_what_is_checked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(
        widths, "optimum", lambda omega, gamma_S, gamma_C=1.0: (1.0, (omega / gamma_S / gamma_C) ** 0.33)
    )
    assert check(claim("optimum", check=name)).residual > 1e-3


def test_equal_gammas_are_not_assumed() -> None:
    """At (gamma_S + gamma_C)/2 on both sides the optimum lies elsewhere: eq. 15 alone would not pass."""
    case = CHECKS["unequal-gammas"].case(1e6, 1.0, 4.0)
    assert case.place == pytest.approx((1e6 / 16) ** (1 / 3))
    assert abs(case.place / (1e6 / 2.5) ** (1 / 3) - 1) > 0.2


def test_search_finds_maxima_inside_and_at_the_ends() -> None:
    inside = Case(lambda C: math.exp(-((math.log(C) - 2.345) ** 2)), 1000.0, math.exp(2.345), 1.0)
    assert search(inside) == pytest.approx((math.exp(2.345), 1.0), rel=1e-7)
    assert search(Case(lambda C: C, 50.0, 50.0, 50.0))[0] == pytest.approx(50.0, rel=1e-6)
    assert search(Case(lambda C: 1 / C, 50.0, 1.0, 1.0))[0] == pytest.approx(1.0, rel=1e-6)


def test_a_second_peak_is_found() -> None:
    def two_peaks(C: float) -> float:
        return 2 + math.sin(math.log(C) * 3)

    assert wrong_step(Case(two_peaks, 100.0, 1.0, 1.0)) > 1e-3
    assert wrong_step(Case(lambda C: C, 100.0, 1.0, 1.0)) == 0.0
    assert wrong_step(Case(lambda C: 1 / C, 100.0, 1.0, 1.0)) == 0.0
    wavy = Optimum("w", "m", ("γ",), lambda *_: Case(two_peaks, 100.0, 1.0, 1.0), optima.wrong_step)
    assert run_optimum(wavy, claim("optimum", check="single-peak")).residual > 1e-3


def test_cases_by_hand() -> None:
    """Omega = 1e8 and gamma = 1 as in Fig. 3: C* = 464.16, m = 215443; S.46 at that m gives gamma = 1 back."""
    width = CHECKS["largest-m"].case(1e8, 1.0, 9.0)
    assert (width.place, width.value) == pytest.approx((464.159, 215443.5), rel=1e-5)
    assert width.quantity(width.place) == pytest.approx(width.value)
    gamma = CHECKS["gamma-at-fixed-m"].case(1e8, 1.0, 9.0)
    assert (gamma.place, gamma.value) == pytest.approx((464.159, 1.0), rel=1e-5)
    # 2 * Omega / (m * (C + m/C)), S.46, away from its peak.
    assert gamma.quantity(100.0) == pytest.approx(2e8 / (215443.469 * (100 + 2154.43469)), rel=1e-6)
    assert CHECKS["smallest-p"].case(1e8, 1.0, 9.0).value == pytest.approx(464.159, rel=1e-5)


def test_finding_has_an_example() -> None:
    values = dict(check(claim("optimum", check="unequal-gammas")).values)
    best = values["first draw: best C, by search"]
    omega, gamma_S, gamma_C = (values[f"first draw: {name}"] for name in ("Ω", "γ_S", "γ_C"))
    assert best == pytest.approx(values["first draw: best C, by formula"], rel=1e-6)
    S = widths.solve_tokens(best, omega, gamma_S, gamma_C)
    assert gamma_S * S == pytest.approx(gamma_C * best, rel=1e-6)
    assert "γ_C" not in " ".join(dict(check(claim("optimum", check="largest-m")).values))
