"""Statistical checks: uniform compositions, and singular values simulated against formulas."""

from itertools import permutations
from typing import Any, get_args

import pytest
import torch

from pkbench.models.permutation import Permutation, Shuffle, compose, random_permutation
from pkbench.probes.identities import check, spectrum
from pkbench.probes.identities.permutations import COMPOSITIONS, run_uniform
from pkbench.seeding import stream_seed
from pkbench.spec.theory import SpectrumFormula, UniformCheck
from tests.identities.cases import claim


def test_every_composition_has_its_check() -> None:
    assert set(COMPOSITIONS) == set(get_args(UniformCheck))


@pytest.mark.parametrize("name", sorted(COMPOSITIONS))
def test_compositions_are_uniform(name: str) -> None:
    finding = check(claim("uniform", check=name))
    assert finding.residual < 4
    assert dict(finding.values)["permutations seen"] == 120
    assert 0.001 < dict(finding.values)["p value"] < 0.999
    assert check(claim("uniform", check=name)) == finding


def squares(claim: Any, i: int) -> Permutation:
    J = random_permutation(claim.size, stream_seed("t", i))
    return compose(J, J)


def undone(claim: Any, i: int) -> Permutation:
    J = random_permutation(claim.size, stream_seed("t", i))
    return compose(J, J.inverse)


@pytest.mark.parametrize("wrong", [squares, undone])
def test_what_is_not_uniform_is_found(wrong: Any) -> None:
    assert run_uniform(wrong, claim("uniform", check="two-random")).residual > 50


def test_even_counts_are_no_chance() -> None:
    """Statistic 0 for 119 degrees of freedom lies sqrt(119/2) = 7.7 standard deviations below its mean."""
    every = [Shuffle(torch.tensor(order)) for order in permutations(range(5))]
    finding = run_uniform(lambda _, i: every[i % 120], claim("uniform", check="two-random", draws=4800))
    assert finding.residual == pytest.approx((119 / 2) ** 0.5)


def test_chi_square_by_hand() -> None:
    """Two features, 3600 draws, all the same: 1800^2/1800 twice is 3600, for one degree of freedom."""
    same = random_permutation(2, 0)
    finding = run_uniform(lambda *_: same, claim("uniform", check="two-random", size=2, draws=3600))
    assert dict(finding.values)["chi-square"] == pytest.approx(3600)
    assert finding.residual == pytest.approx(3599 / 2**0.5)


@pytest.mark.parametrize(
    ("gamma", "m", "formula", "value"),
    [
        (2.0, 2048, "eq-17-printed", 2.567),
        (2.0, 2048, "eq-17-corrected", 2.492),
        (4.0, 1024, "eq-17-printed", 3.510),
        (4.0, 1024, "eq-17-corrected", 3.135),
        (2.0, 2048, "c-gamma", 2.414),
        (4.0, 1024, "c-gamma", 3.0),
    ],
)
def test_formulas(gamma: float, m: int, formula: str, value: float) -> None:
    found = spectrum.formula_value(claim("spectrum", formula=formula, gamma=gamma, m=m, p=1 / 64))
    assert found == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("formula", get_args(SpectrumFormula))
def test_residual_is_the_means_distance_from_the_formula(monkeypatch: pytest.MonkeyPatch, formula: str) -> None:
    this = claim("spectrum", formula=formula)
    wanted = spectrum.formula_value(this)
    for factor, residual in ((1.0, 0.0), (1.1, 0.1), (0.9, 0.1)):
        monkeypatch.setattr(
            spectrum, "simulate", lambda *_, factor=factor: [0.99 * factor * wanted, 1.01 * factor * wanted]
        )
        finding = check(this)
        assert finding.residual == pytest.approx(residual, abs=1e-12)
        assert dict(finding.values)["simulated mean"] == pytest.approx(factor * wanted)


def test_one_draw_has_no_spread() -> None:
    finding = check(claim("spectrum", formula="c-gamma", m=32, draws=1))
    assert "simulated sd" not in dict(finding.values)
    assert "(sd" not in finding.sentence


@pytest.mark.parametrize(
    ("name", "means", "residual"),
    [
        ("rises", {128: 2.0, 256: 2.1, 512: 2.2}, 0.0),
        ("rises", {128: 2.0, 256: 2.2, 512: 2.09}, 0.05),
        ("above-c-gamma", {128: 2.2, 256: 2.0, 512: 2.1}, 0.0),
        ("above-c-gamma", {128: 2.2, 256: 1.9, 512: 2.1}, 0.05),
    ],
)
def test_growth(monkeypatch: pytest.MonkeyPatch, name: str, means: dict[int, float], residual: float) -> None:
    seen = []

    def simulated(gamma: float, m: int, p: float, seed: int, count: int) -> list[float]:
        seen.append(gamma * p * m * m)
        return [means[m]] * count

    monkeypatch.setattr(spectrum, "simulate", simulated)
    finding = check(claim("growth", check=name))
    assert finding.residual == pytest.approx(residual)
    assert seen == pytest.approx([2.0**14] * 3)
    assert dict(finding.values)["mean at m = 256"] == means[256]


def test_simulated_growth_and_its_limits() -> None:
    assert check(claim("growth", check="rises")).residual == 0
    with pytest.raises(ValueError, match="16384 connections do not fit where m = 100"):
        check(claim("growth", check="rises", m=(100, 200)))


def test_widths_have_streams_of_their_own() -> None:
    one, two = spectrum.simulate(1.0, 64, 0.5, 0, 2), spectrum.simulate(1.0, 64, 0.5, 0, 3)
    assert one == two[:2]
    assert len(set(two)) == 3
