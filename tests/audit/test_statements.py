"""Statements at several places, and what stated means and spreads say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_ind_from_stats

from pkbench.audit.evaluate import audit
from pkbench.finding import Finding
from pkbench.spec.audit import AgreeClaim, SignificanceClaim


def agree(*stated: float, tolerance: float = 0.0) -> Finding:
    values = [{"place": f"Table {n}", "value": value} for n, value in enumerate(stated)]
    fields = {"id": "c", "kind": "agree", "statement": "s", "place": "p", "name": "Draws", "tolerance": tolerance}
    return audit(AgreeClaim.model_validate(fields | {"values": values}), {})


def significance(a: dict[str, Any], b: dict[str, Any]) -> Finding:
    fields = {"id": "c", "kind": "significance", "statement": "s", "place": "p", "tolerance": 0.05}
    return audit(SignificanceClaim.model_validate(fields | {"a": a, "b": b}), {})


def side(row: str, mean: float, sd: float | None = None, n: int = 3) -> dict[str, Any]:
    return {"row": row, "mean": mean} | ({} if sd is None else {"spread": {"sd": sd, "n": n}})


def test_statements_that_differ() -> None:
    finding = agree(5, 10)
    assert finding.residual == 0.5
    assert finding.sentence == "Draws: 5 (Table 0); 10 (Table 1); the largest is 2 times the smallest."
    # 786 of Table 1 against 768 twice: 18/786.
    assert agree(786, 768, 768).residual == pytest.approx(18 / 786)


def test_statements_that_agree() -> None:
    assert agree(64, 64, 64).residual == 0
    assert agree(0, 0).residual == 0
    assert "the same everywhere" in agree(0, 0).sentence


def test_zero_and_negative_statements() -> None:
    assert agree(1, 0).residual == 1
    assert agree(1, 0).sentence.endswith("1 apart.")
    assert agree(-1, 1).residual == 2


@given(value=st.floats(-1e9, 1e9), copies=st.integers(2, 6))
def test_copies_always_agree(value: float, copies: int) -> None:
    assert agree(*[value] * copies).residual == 0


@given(value=st.floats(0.001, 1e9), off=st.floats(0.01, 10))
def test_a_wrong_copy_is_found(value: float, off: float) -> None:
    assert agree(value, value * (1 + off), value).residual == pytest.approx(off / (1 + off))


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [
        # t = 3.84 / sqrt((0.47^2 + 1.55^2)/3) = 4.11 with 2.36 degrees of freedom.
        (side("SS-W", 12.07, 0.47), side("SS/8", 15.91, 1.55), 0.041),
        (side("SS-W", 38.13, 1.36), side("SS/8", 44.24, 1.83), 0.012),
        # t = 0.30 / (0.19/sqrt(3)) = 2.73 with 2.
        (side("B-W", 23.26, 0.19), side("B/16", 23.56), 0.11),
        (side("SS-W", 12.07, 0.47), side("beta-LASSO", 14.81), 0.0097),
        (side("SS-W", 38.13, 1.36), side("beta-LASSO", 40.44), 0.099),
    ],
)
def test_table_1(a: dict[str, Any], b: dict[str, Any], p: float) -> None:
    finding = significance(a, b)
    assert finding.residual == pytest.approx(p, rel=0.03)
    assert significance(b, a).residual == finding.residual
    assert dict(finding.values)["difference"] == a["mean"] - b["mean"]


@given(means=st.tuples(*[st.floats(-50, 50)] * 2), sds=st.tuples(*[st.floats(0.1, 9)] * 2), n=st.integers(2, 20))
def test_welch_as_scipy_has_it(means: tuple[float, float], sds: tuple[float, float], n: int) -> None:
    expected = ttest_ind_from_stats(means[0], sds[0], n, means[1], sds[1], n + 2, equal_var=False).pvalue
    finding = significance(side("a", means[0], sds[0], n), side("b", means[1], sds[1], n + 2))
    assert finding.residual == pytest.approx(float(expected), rel=1e-6, abs=1e-12)


def test_one_sample_as_scipy_has_it() -> None:
    # 1, 2, 6: mean 3, sd sqrt(7).
    expected = float(ttest_1samp([1.0, 2.0, 6.0], 0.5).pvalue)
    finding = significance(side("quoted", 0.5), side("ours", 3.0, 7**0.5))
    assert finding.residual == pytest.approx(expected)
    assert "one-sample t test" in finding.sentence
    assert "quoted 0.5 (taken as exact)" in finding.sentence


@pytest.mark.parametrize("b", [side("b", 2.0), side("b", 2.0, 0.0)])
def test_without_any_spread_nothing_is_significant(b: dict[str, Any]) -> None:
    assert significance(side("a", 1.0), b).residual == 1


def test_no_spread_is_said() -> None:
    assert "no test is possible" in significance(side("a", 1.0), side("b", 2.0)).sentence
