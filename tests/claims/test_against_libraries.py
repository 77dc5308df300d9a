"""Our tests against those of statsmodels and SciPy on random cases."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_paired

from pkbench.claims.curve_tests import lowest, slope, trend
from pkbench.claims.statistics import equivalence, holm, paired, welch
from pkbench.spec.claim import TrendClaim
from tests.claims.factory import curve

calm = settings(deadline=None, max_examples=60)
number = st.integers(0, 9999).map(lambda value: value / 100)
pairs = st.lists(st.tuples(number, number), min_size=3, max_size=10)
alphas = st.sampled_from([0.01, 0.05, 0.2])


@settings(deadline=None, max_examples=10)  # theirs takes a tenth of a second
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_holm(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


@calm
@given(pairs, st.floats(0.1, 30), alphas)
def test_two_one_sided_tests(values: list[tuple[float, float]], margin: float, alpha: float) -> None:
    a, b = ([pair[side] for pair in values] for side in (0, 1))
    assume(np.std(np.array(a) - np.array(b)) > 1e-6)
    found = equivalence(paired(a, b, margin=margin, alpha=alpha), paired(a, b, margin=-margin, alpha=alpha))
    theirs, *_ = ttost_paired(np.array(a), np.array(b), -margin, margin)
    assert found.p_for == pytest.approx(theirs, abs=1e-9)


@calm
@given(pairs, st.floats(0, 30), alphas)
def test_pairs_with_a_margin(values: list[tuple[float, float]], margin: float, alpha: float) -> None:
    a, b = ([pair[side] for pair in values] for side in (0, 1))
    differences = np.array(a) - np.array(b)
    assume(np.std(differences) > 1e-6)
    found, theirs = paired(a, b, margin=margin, alpha=alpha), DescrStatsW(differences)
    assert found.p_for == pytest.approx(theirs.ttest_mean(-margin, alternative="smaller")[1], abs=1e-9)
    assert found.p_against == pytest.approx(theirs.ttest_mean(-margin, alternative="larger")[1], abs=1e-9)
    assert found.bounds == pytest.approx(theirs.tconfint_mean(alpha), rel=1e-6, abs=1e-6)


@calm
@given(pairs, pairs, st.floats(0, 30), alphas)
def test_groups_of_unequal_spread(
    one: list[tuple[float, float]], other: list[tuple[float, float]], margin: float, alpha: float
) -> None:
    a, b = [x for x, _ in one], [x for x, _ in other]
    assume(np.std(a) > 1e-6)
    assume(np.std(b) > 1e-6)
    found, theirs = welch(a, b, margin=margin, alpha=alpha), CompareMeans(DescrStatsW(a), DescrStatsW(b))
    _, p, df = theirs.ttest_ind(alternative="smaller", usevar="unequal", value=-margin)
    assert (found.p_for, found.df) == pytest.approx((p, df), abs=1e-9)
    assert found.bounds == pytest.approx(theirs.tconfint_diff(alpha, usevar="unequal"), rel=1e-6, abs=1e-6)


tables = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(number, min_size=n, max_size=n), min_size=3, max_size=8))


@calm
@given(tables, st.floats(0, 10))
def test_slopes_are_least_squares(seeds: list[list[float]], margin: float) -> None:
    x = [3.0 * 2**i + i for i in range(len(seeds[0]))]
    slopes = [float(np.polyfit(np.log2(x), row, 1)[0]) for row in seeds]
    assert [slope(x, row) for row in seeds] == pytest.approx(slopes, abs=1e-7)
    assume(np.std(slopes) > 1e-5)
    found = trend(
        TrendClaim.model_validate(curve("trend", direction="falls", margin=margin)), x, list(zip(*seeds, strict=True))
    )
    assert found.p_for == pytest.approx(stats.ttest_1samp(slopes, -margin, alternative="less").pvalue, abs=1e-6)


@calm
@given(tables, st.data())
def test_extrema_from_scipys_pairs(seeds: list[list[float]], data: st.DataObject) -> None:
    rows = np.array(seeds).T
    n = len(rows)
    near = data.draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda flags: 0 < sum(flags) < n))
    assume(all(np.std(rows[i] - rows[j]) > 1e-6 for i in range(n) for j in range(i)))
    p = {
        (i, j): float(stats.ttest_rel(rows[i], rows[j], alternative="less").pvalue)
        for i in range(n)
        for j in range(n)
        if i != j
    }
    mine, rest = ([i for i in range(n) if near[i] is side] for side in (True, False))
    found = lowest(rows.tolist(), near, 0.05)
    for some, others, value in ((mine, rest, found.test.p_for), (rest, mine, found.test.p_against)):
        best = min(max(p[i, j] for j in others) for i in some)
        assert value == pytest.approx(min(1.0, len(some) * best), abs=1e-9)
    left = [k for k in range(n) if all(p[j, k] > 0.05 / (n - 1) for j in range(n) if j != k)]
    assert list(found.plausible) == left
