"""The vectorised rule decides as ``assess`` and ``conclude`` do, on the same draws."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.claims import statistics
from pkbench.claims.calibration.batch import CONTRADICTED, INCONCLUSIVE, SUPPORTED, Draws, holm, outcomes, p_values
from pkbench.claims.calibration.cases import cases, limits
from pkbench.claims.calibration.coverage import t_interval
from pkbench.claims.calibration.rates import draw, really_decided
from pkbench.claims.calibration.shapes import ALIKE, HEAVY, LOPSIDED, NORMAL, SHARED, SKEWED, Array, Shape
from pkbench.claims.calibration.stage import verdicts

CASES = {case.name: case for case in (*cases(), *(case for case, _ in limits()))}
calm = settings(deadline=None)


def shaken(draws: Draws, seed: int) -> Draws:
    """``draws`` with every model moved by another amount in every study, so that all verdicts occur."""
    random = np.random.default_rng(seed)

    def moved(values: Array) -> Array:
        return values + 3 * random.standard_normal((*values.shape[:2], 1))

    return Draws({name: moved(values) for name, values in draws.values.items()}, draws.published)


@pytest.mark.parametrize("name", CASES)
def test_both_paths_decide_alike(name: str) -> None:
    case = CASES[name]
    for n, shape in ((3, NORMAL), (4, SKEWED), (3, LOPSIDED[0])):
        at_boundary = draw(case, shape, n, 4)
        for draws in (at_boundary, shaken(at_boundary, n)):
            real = [really_decided(case, draws, study) for study in range(4)]
            assert np.array_equal(outcomes(case.claims, draws), real)


@pytest.mark.parametrize("n", [5, 10])
def test_with_as_many_seeds_as_the_bootstrap_wants(n: int) -> None:
    case = next(iter(CASES.values()))
    draws = shaken(draw(case, NORMAL, n, 6), n)
    assert np.array_equal(outcomes(case.claims, draws), [really_decided(case, draws, study) for study in range(6)])


def test_shaken_studies_end_in_every_verdict() -> None:
    found = {
        int(code)
        for case in CASES.values()
        for code in outcomes(case.claims, shaken(draw(case, NORMAL, 4, 20), 4)).ravel()
    }
    assert found == {INCONCLUSIVE, SUPPORTED, CONTRADICTED}


@pytest.mark.parametrize("name", CASES)
def test_p_values_are_those_of_the_verdict(name: str) -> None:
    case = CASES[name]
    if case.published:
        return  # what is reported differs from study to study: the decisions above cover it
    draws = shaken(draw(case, NORMAL, 4, 4), 1)
    of_claims = [p_values(claim, draws) for claim in case.claims]
    for study in range(4):
        found = verdicts(case.claims, listed(draws.values, study))
        for p, verdict in zip(of_claims, found, strict=True):
            assert p.support[study] == pytest.approx(verdict.p_support, rel=1e-9)
            assert p.against[study] == pytest.approx(verdict.p_contradict, rel=1e-9)


def listed(values: Mapping[str, Array], study: int) -> dict[str, list[list[float]]]:
    return {name: array[study].tolist() for name, array in values.items()}


@calm
@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=5))
def test_holm_is_the_scalar_one(p: list[list[float]]) -> None:
    assert np.allclose(holm(np.array(p)), [statistics.holm(row) for row in p], rtol=1e-12, atol=0)


def test_the_interval_is_the_scalar_one() -> None:
    values = draw(next(iter(CASES.values())), NORMAL, 5, 4).values["a"][:, 0]
    for row, low, high in zip(values, *t_interval(values), strict=True):
        assert statistics.interval(row.tolist(), alpha=0.05) == pytest.approx((low, high), rel=1e-9)


# ------------------------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("shape", [NORMAL, SKEWED, HEAVY, *LOPSIDED, ALIKE], ids=lambda shape: shape.name)
def test_draws_are_standardised(shape: Shape) -> None:
    drawn = shape.draw(np.random.default_rng(0), 20_000, 1, 2)
    # A standard error of the mean is 0.005 here, with seeds alike a little more; heavy tails make the deviation rough.
    assert drawn.mean() == pytest.approx(0, abs=0.03)
    assert drawn.std() == pytest.approx(1, abs=0.15 if shape is HEAVY else 0.03)
    assert np.corrcoef(drawn[:, 0, 0], drawn[:, 0, 1])[0, 1] == pytest.approx(shape.alike, abs=0.03)


def test_models_of_a_seed_share_a_part() -> None:
    drawn = SHARED.draw(np.random.default_rng(0), 20_000, 2, 2)
    # 3² of 3² + 1².
    assert np.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1] == pytest.approx(0.9, abs=0.01)
    assert (drawn[:, 0] - drawn[:, 1]).std() == pytest.approx(2**0.5, abs=0.02)


def test_lopsided_differences_are_as_skewed_as_an_exponential() -> None:
    case = CASES["less: the difference is at the margin: supported"]
    for shape, sign in zip(LOPSIDED, (1, -1), strict=True):
        values = draw(case, shape, 5, 20_000).values
        differences = values["a"] - values["b"]
        z = (differences - differences.mean()) / differences.std()
        assert (z**3).mean() == pytest.approx(2 * sign, abs=0.15)


def test_the_same_call_draws_the_same() -> None:
    case = CASES["less: the difference is at the margin: supported"]
    first, second, other = (draw(case, NORMAL, n, 5).values["a"] for n in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other[..., :3])
