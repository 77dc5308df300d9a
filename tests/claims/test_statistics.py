import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pkbench.claims.statistics import (
    Summary,
    TTest,
    deviation,
    effect_size,
    from_summary,
    holm,
    interval,
    mean,
    one_sample,
    one_sample_from_summary,
    paired,
    prediction,
    welch,
)

# Machines are shared: how long an example takes says nothing.
calm = settings(deadline=None)

# With two degrees of freedom Student's t has closed forms, so that cases of three seeds can be done by hand:
# P(T < t) = 1/2 + t / (2 sqrt(2 + t²)), and the 97.5 % point is 0.95 / sqrt(2 * 0.975 * 0.025) = 4.302653.
T975 = 4.302653

errors = st.floats(0.5, 99.5).map(lambda value: round(value, 2))
samples = st.lists(errors, min_size=2, max_size=12).filter(lambda values: max(values) - min(values) > 0.05)


def test_mean_is_exact_whatever_the_order() -> None:
    assert mean([1e16, 1.0, -1e16]) == mean([1e16, -1e16, 1.0]) == 1 / 3


def test_deviation_by_hand() -> None:
    # (1 + 0 + 1) / 2 = 1; (9 + 1 + 16) / 2 = 13 for 1, 3, 8 with mean 4.
    assert deviation([1.0, 2.0, 3.0]) == 1.0
    assert deviation([1.0, 3.0, 8.0]) == pytest.approx(math.sqrt(13))
    assert deviation([4.2]) == 0.0


def test_deviation_takes_rounding_noise_for_nothing() -> None:
    noisy = [0.3 - 0.2, 0.8 - 0.7, 50.1 - 50.0]
    assert len(set(noisy)) == 3
    assert deviation(noisy) == 0.0
    # One image in ten million is 1e-5 points and is no noise; for large values more is.
    assert deviation([1.0, 1.0 + 1e-5]) > 0
    assert deviation([1.0, 1.0 + 1e-10]) == 0.0
    assert deviation([0.0, 1e-10]) == 0.0
    assert deviation([1e6, 1e6 + 1e-4]) == 0.0
    assert deviation([-1e6, -1e6 - 1e-4]) == 0.0
    assert deviation([1e6, 1e6 + 1e-2]) > 0.0
    # The border itself: half a distance of 2e-9 is 1e-9.
    assert deviation([0.0, 2e-9]) == 0.0
    assert deviation([0.0, 2.1e-9]) > 0.0


def test_paired_by_hand() -> None:
    # Differences -1, -2, -3: mean -2, sd 1, standard error 1/sqrt 3 = 0.57735, t = -3.4641, t² = 12.
    # p = 1/2 - 3.4641 / (2 sqrt 14) = 0.037090; half width 4.302653 * 0.57735 = 2.484138.
    test = paired([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], alpha=0.05)
    assert (test.n, test.effect, test.sd, test.df) == (3, -2.0, 1.0, 2)
    assert test.p_for == pytest.approx(0.037090, abs=1e-6)
    assert test.p_against == pytest.approx(0.962910, abs=1e-6)
    assert test.p_two_sided == pytest.approx(0.074180, abs=1e-6)
    assert test.bounds == pytest.approx((-2 - 2.484138, -2 + 2.484138), abs=1e-5)
    assert test.possible


def test_margin_moves_the_boundary_but_not_the_interval() -> None:
    # Against -1: t = (-2 + 1) / 0.57735 = -1.73205, t² = 3, p = 1/2 - 1.73205 / (2 sqrt 5) = 0.112702.
    test = paired([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], margin=1.0, alpha=0.05)
    assert test.p_for == pytest.approx(0.112702, abs=1e-6)
    assert test.bounds == pytest.approx((-2 - 2.484138, -2 + 2.484138), abs=1e-5)


def test_alpha_sets_the_width() -> None:
    # 95 % point for alpha = 0.1: 0.9 / sqrt(2 * 0.95 * 0.05) = 2.919986; half 2.919986 * 0.57735 = 1.685855.
    test = paired([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], alpha=0.1)
    assert test.bounds == pytest.approx((-2 - 1.685855, -2 + 1.685855), abs=1e-5)


def test_paired_refuses_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired([1.0, 2.0], [1.0, 2.0, 3.0], alpha=0.05)


def test_one_sample_by_hand() -> None:
    # 1, 2, 3 against 5: effect -3, t = -3 / 0.57735 = -5.19615, t² = 27, p = 1/2 - 5.19615 / (2 sqrt 29) = 0.017550.
    test = one_sample([1.0, 2.0, 3.0], 5.0, alpha=0.05)
    assert test.effect == -3.0
    assert test.p_for == pytest.approx(0.017550, abs=1e-6)


def test_prediction_by_hand() -> None:
    # 1, 2, 3 against a reported 5 of 3 seeds: error sqrt(1/3 + 1/3) = 0.816497, t = -3.674235, t² = 13.5,
    # two-sided p = 1 - 3.674235 / sqrt 15.5 = 0.066743; half width 4.302653 * 0.816497 = 3.513103.
    test = prediction([1.0, 2.0, 3.0], 5.0, 3, alpha=0.05)
    assert test.effect == -3.0
    assert test.p_two_sided == pytest.approx(0.066743, abs=1e-6)
    assert test.bounds == pytest.approx((-3 - 3.513103, -3 + 3.513103), abs=1e-5)
    # A single reported seed scatters more: error sqrt(1/3 + 1) = 1.154701, half width 4.968275.
    single = prediction([1.0, 2.0, 3.0], 5.0, 1, alpha=0.05)
    assert single.bounds == pytest.approx((-3 - 4.968275, -3 + 4.968275), abs=1e-5)


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [
        (Summary(12.07, 0.47, 3), Summary(15.91, 1.55, 3), 0.0407),  # Table 1, CIFAR-10: Mixer-SS-W against SS/8
        (Summary(38.13, 1.36, 3), Summary(44.24, 1.83, 3), 0.0117),  # CIFAR-100
    ],
)
def test_the_papers_own_numbers_by_welch(a: Summary, b: Summary, p: float) -> None:
    test = from_summary(a, b, alpha=0.05)
    assert test.p_two_sided == pytest.approx(p, abs=5e-5)
    assert test.p_two_sided == pytest.approx(
        stats.ttest_ind_from_stats(a.mean, a.sd, a.n, b.mean, b.sd, b.n, equal_var=False).pvalue, rel=1e-12
    )


@pytest.mark.parametrize(
    ("a", "constant", "p"),
    [
        (Summary(12.07, 0.47, 3), 14.81, 0.00967),  # against beta-LASSO, CIFAR-10
        (Summary(38.13, 1.36, 3), 40.44, 0.0987),  # CIFAR-100
        (Summary(23.26, 0.19, 3), 23.56, 0.1117),  # Mixer-B-W against Mixer-B/16, ImageNet
    ],
)
def test_the_papers_own_numbers_against_quoted_ones(a: Summary, constant: float, p: float) -> None:
    # For instance 14.81: t = -2.74 / (0.47 / sqrt 3) = -10.0974, t² = 101.958, p = 1 - 10.0974 / sqrt 103.958 = 0.00967.
    assert one_sample_from_summary(a, constant, alpha=0.05).p_two_sided == pytest.approx(p, abs=5e-5)


def test_no_margin_is_a_margin_of_zero() -> None:
    a, b = [1.0, 2.5, 3.0, 4.0], [2.0, 4.0, 7.0]
    assert welch(a, b, alpha=0.05) == welch(a, b, margin=0.0, alpha=0.05)


def test_summaries_say_what_the_values_say() -> None:
    a, b = [1.0, 2.5, 3.0, 4.0], [2.0, 4.0, 7.0]
    summary_a, summary_b = Summary(mean(a), deviation(a), 4), Summary(mean(b), deviation(b), 3)
    assert welch(a, b, margin=0.5, alpha=0.1) == from_summary(summary_a, summary_b, margin=0.5, alpha=0.1)
    from_values = one_sample(a, 2.0, margin=0.5, alpha=0.1)
    assert one_sample_from_summary(summary_a, 2.0, margin=0.5, alpha=0.1) == from_values


@calm
@given(samples, samples, st.floats(0, 5), st.sampled_from([0.01, 0.05, 0.2]))
def test_welch_agrees_with_scipy(a: list[float], b: list[float], margin: float, alpha: float) -> None:
    test = welch(a, b, margin=margin, alpha=alpha)
    # SciPy knows no margin: move a instead.
    moved = [value + margin for value in a]
    theirs = stats.ttest_ind(moved, b, equal_var=False, alternative="less")
    assert test.p_for == pytest.approx(theirs.pvalue, abs=1e-9)
    both = stats.ttest_ind(a, b, equal_var=False)
    bounds = both.confidence_interval(1 - alpha)
    assert test.bounds == pytest.approx((bounds.low, bounds.high), rel=1e-6, abs=1e-6)
    assert test.df == pytest.approx(both.df)
    assert test.n == min(len(a), len(b))
    assert test.sd == pytest.approx(math.sqrt(deviation(a) ** 2 + deviation(b) ** 2))


@calm
@given(
    st.lists(st.tuples(errors, errors), min_size=2, max_size=12), st.floats(0, 5), st.sampled_from([0.01, 0.05, 0.2])
)
def test_paired_agrees_with_scipy(pairs: list[tuple[float, float]], margin: float, alpha: float) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    test = paired(a, b, margin=margin, alpha=alpha)
    if not test.possible:
        assert len({round(x - y, 6) for x, y in pairs}) == 1
        return
    moved = [value + margin for value in a]
    assert test.p_for == pytest.approx(stats.ttest_rel(moved, b, alternative="less").pvalue, abs=1e-9)
    assert test.p_against == pytest.approx(stats.ttest_rel(moved, b, alternative="greater").pvalue, abs=1e-9)
    bounds = stats.ttest_rel(a, b).confidence_interval(1 - alpha)
    assert test.bounds == pytest.approx((bounds.low, bounds.high), rel=1e-6, abs=1e-6)


def test_no_test_without_spread() -> None:
    equal = paired([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], alpha=0.05)
    assert (equal.effect, equal.bounds, equal.p_for, equal.p_against) == (-1.0, None, 1.0, 1.0)
    assert (equal.sd, equal.df) == (0.0, 2)
    assert not equal.possible
    assert equal.p_two_sided == 1.0
    single = paired([1.0], [2.0], alpha=0.05)
    assert (single.effect, single.n, single.possible, single.p_for) == (-1.0, 1, False, 1.0)
    exact = from_summary(Summary(1.0, 0.0, 3), Summary(2.0, 0.0, 3), alpha=0.05)
    assert (exact.bounds, exact.p_for) == (None, 1.0)
    assert prediction([2.0], 5.0, 3, alpha=0.05).bounds is None


def test_one_spread_is_enough_for_welch() -> None:
    # b is exact: the test is a's one-sample test.
    test = from_summary(Summary(1.0, 0.5, 4), Summary(2.0, 0.0, 3), alpha=0.05)
    alone = one_sample_from_summary(Summary(1.0, 0.5, 4), 2.0, alpha=0.05)
    assert (test.df, test.p_for) == pytest.approx((alone.df, alone.p_for))


def test_interval_of_a_mean() -> None:
    assert interval([1.0, 2.0, 3.0], alpha=0.05) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-5)
    assert interval([1.0], alpha=0.05) is None
    assert interval([1.0, 1.0], alpha=0.05) is None


def test_two_sided_p_is_twice_the_smaller_and_at_most_one() -> None:
    def test(below: float, above: float) -> TTest:
        return TTest(n=3, effect=0.0, sd=1.0, df=2, bounds=(0.0, 0.0), p_for=below, p_against=above)

    assert test(0.2, 0.8).p_two_sided == 0.4
    assert test(0.8, 0.2).p_two_sided == 0.4
    assert test(1.0, 1.0).p_two_sided == 1.0


def test_holm_by_hand() -> None:
    # Sorted: .005 * 4 = .02, .01 * 3 = .03, .03 * 2 = .06, .04 * 1 = .04 but not below .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@calm
@given(probabilities)
def test_holm_never_helps_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    in_order = [q for _, q in sorted(zip(p_values, adjusted, strict=True))]
    assert all(x <= y for x, y in pairwise(in_order))
    assert holm(p_values[:1]) == p_values[:1]


@calm
@given(probabilities, st.floats(0.001, 0.3))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float], alpha: float) -> None:
    # The procedure as published: go up the sorted p values, stop at the first above alpha / (m - i).
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = set()
    for rank, index in enumerate(order):
        if p_values[index] * (len(p_values) - rank) > alpha:
            break
        rejected.add(index)
    assert {i for i, q in enumerate(holm(p_values)) if q <= alpha} == rejected


@calm
@given(probabilities, st.data())
def test_holm_is_between_no_correction_and_bonferroni(p_values: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(p_values) - 1))
    assert holm(p_values)[index] <= min(1.0, len(p_values) * max(p_values))
    assert min(holm(p_values)) == min(1.0, len(p_values) * min(p_values))


def test_effect_size_by_hand() -> None:
    # Three pairs: J(2) = Γ(1) / (sqrt 1 Γ(1/2)) = 1 / sqrt π = 0.564190; times -2 / 1.
    assert effect_size(paired([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], alpha=0.05)) == pytest.approx(-1.128379, abs=1e-6)
    # Five pairs -1 … -5: sd sqrt 2.5, J(4) = Γ(2) / (sqrt 2 Γ(3/2)) = 0.797885; times -3 / 1.581139.
    five = paired([0.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], alpha=0.05)
    assert effect_size(five) == pytest.approx(-1.513880, abs=1e-6)


def test_no_effect_size_without_spread_or_with_two_pairs() -> None:
    assert effect_size(paired([1.0, 2.0], [2.0, 4.0], alpha=0.05)) is None
    assert effect_size(paired([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], alpha=0.05)) is None
