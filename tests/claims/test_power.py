import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from pkbench.claims.power import (
    POWER,
    SeedsNeeded,
    detectable,
    deviation_range,
    power,
    seeds_for,
    seeds_for_all,
    seeds_if,
    seeds_needed,
    standardised_range,
)

# Machines are shared: how long an example takes says nothing.
calm = settings(deadline=None)


@pytest.mark.parametrize(
    # Pairs for 80 % power at one-sided 5 % as G*Power 3.1 and R's pwr.t.test(type = "paired") give them.
    ("standardised", "pairs"),
    [(0.2, 156), (0.5, 27), (0.8, 12), (1.0, 8)],
)
def test_seeds_as_in_published_tables(standardised: float, pairs: int) -> None:
    assert seeds_for(standardised, 1.0, alpha=0.05) == pairs
    # Only the ratio counts, and not which side of the boundary the effect is on.
    assert seeds_for(-3 * standardised, 3.0, alpha=0.05) == pairs


def test_power_as_simulated() -> None:
    differences = np.random.default_rng(0).normal(0.8, 1.0, size=(20_000, 6))
    rejected = stats.ttest_1samp(differences, 0.0, axis=1, alternative="greater").pvalue <= 0.05
    assert power(0.8, 6, alpha=0.05) == pytest.approx(rejected.mean(), abs=0.012)


def test_power_without_an_effect_is_alpha() -> None:
    assert power(0.0, 5, alpha=0.03) == pytest.approx(0.03)


def test_fewest_is_three_and_most_is_a_thousand() -> None:
    assert seeds_for(100.0, 1.0, alpha=0.05) == 3
    # 80 % at a thousand pairs needs about (1.645 + 0.842) / sqrt 1000 = 0.0787 deviations.
    assert seeds_for(0.079, 1.0, alpha=0.05) in range(985, 1001)
    assert seeds_for(0.078, 1.0, alpha=0.05) is None
    assert seeds_for(0.0, 1.0, alpha=0.05) is None


def test_a_thousand_itself_is_within() -> None:
    just = detectable(1.0, 1000, alpha=0.05)
    assert just is not None
    assert seeds_for(just * (1 + 1e-6), 1.0, alpha=0.05) == 1000
    assert seeds_for(just * (1 - 1e-6), 1.0, alpha=0.05) is None


@calm
@given(
    st.integers(3, 1000), st.floats(-2, 3).map(lambda exponent: 10**exponent), st.sampled_from([0.2, 0.05, 1e-4, 1e-9])
)
def test_power_is_that_of_noncentral_t(n: int, standardised: float, alpha: float) -> None:
    expected = stats.nct.sf(stats.t.isf(alpha, n - 1), n - 1, standardised * math.sqrt(n))
    found = power(standardised, n, alpha=alpha)
    assert found == pytest.approx(expected, abs=1e-7)
    assert found < 1.0 or expected == 1.0


def test_where_scipys_function_has_no_digits_the_power_is_1() -> None:
    n, standardised = 5, 450 / 19
    critical = stats.t.isf(0.05, n - 1)
    assert math.isnan(special.nctdtr(n - 1, standardised * math.sqrt(n), critical))
    assert stats.nct.sf(critical, n - 1, standardised * math.sqrt(n)) == 1.0
    assert power(standardised, n, alpha=0.05) == 1.0


@calm
@given(st.floats(0.1, 5), st.sampled_from([0.05, 0.01, 0.002]))
def test_seeds_for_is_the_first_that_is_enough(standardised: float, alpha: float) -> None:
    n = seeds_for(standardised, 1.0, alpha=alpha)
    assert n is None or power(standardised, n, alpha=alpha) >= POWER
    if n is not None and n > 3:
        assert power(standardised, n - 1, alpha=alpha) < POWER


def test_enormous_effects_do_not_break_the_noncentral_t() -> None:
    assert seeds_for(50.0, 1e-9, alpha=0.05) == 3


def test_effects_of_more_than_a_thousand_deviations_count_as_a_thousand() -> None:
    at_most = power(1000.0, 3, alpha=1e-7)
    assert power(999.0, 3, alpha=1e-7) < at_most < 0.5
    assert power(1001.0, 3, alpha=1e-7) == power(1e9, 3, alpha=1e-7) == at_most


def test_range_by_effect_and_spread() -> None:
    needed = seeds_needed(-1.5, 1.0, 6, alpha=0.05)
    low, high = standardised_range(1.5, 6)
    # At its ends the observed t = 1.5 sqrt 6 is the 90 % and the 10 % point of noncentral t.
    assert stats.nct.cdf(1.5 * math.sqrt(6), 5, low * math.sqrt(6)) == pytest.approx(0.9)
    assert stats.nct.cdf(1.5 * math.sqrt(6), 5, high * math.sqrt(6)) == pytest.approx(0.1)
    assert needed.seeds == seeds_for(1.5, 1.0, alpha=0.05) == 5
    assert needed.fewest == seeds_for(high, 1.0, alpha=0.05)
    assert needed.most == seeds_for(low, 1.0, alpha=0.05)
    assert needed.fewest is not None
    assert needed.most is not None
    assert needed.fewest < 5 < needed.most


def test_a_range_that_reaches_the_boundary_has_no_upper_end() -> None:
    needed = seeds_needed(-1.0, 2.0, 3, alpha=0.05)
    assert needed.seeds == 27
    assert needed.fewest == seeds_for(standardised_range(0.5, 3)[1], 1.0, alpha=0.05)
    assert needed.most is None


def test_both_distances_of_an_equivalence_are_scaled_alike() -> None:
    low, high = standardised_range(0.8, 10)
    needed = seeds_needed(-1.6, 2.0, 10, alpha=0.05, other=1.8)
    assert needed.seeds == seeds_for(1.6, 2.0, alpha=0.05, other=1.8)
    assert needed.fewest == seeds_for(high, 1.0, alpha=0.05, other=1.125 * high)
    assert needed.most == seeds_for(low, 1.0, alpha=0.05, other=1.125 * low)
    # Each is more than the nearer boundary alone would ask for.
    alone = seeds_needed(-1.6, 2.0, 10, alpha=0.05)
    for both, one in ((needed.fewest, alone.fewest), (needed.seeds, alone.seeds), (needed.most, alone.most)):
        assert both is not None
        assert one is not None
        assert both > one


def test_enormous_distances_have_a_range() -> None:
    assert seeds_needed(1.0, 1e-12, 5, alpha=0.05) == SeedsNeeded(3, 3, 3)


def test_observations_of_two_seeds_need_twice_as_many() -> None:
    assert SeedsNeeded(34, 9, None).times(2) == SeedsNeeded(68, 18, None)
    assert SeedsNeeded(500, 3, 501).times(2) == SeedsNeeded(1000, 6, None)
    assert SeedsNeeded(7, 3, 9).times(1) == SeedsNeeded(7, 3, 9)


def test_more_pairs_narrow_the_range() -> None:
    few, many = seeds_needed(1.0, 1.0, 10, alpha=0.05), seeds_needed(1.0, 1.0, 30, alpha=0.05)
    assert few.fewest is not None
    assert many.fewest is not None
    assert few.most is not None
    assert many.most is not None
    assert few.fewest < many.fewest < many.most < few.most


@calm
@given(st.integers(3, 60), st.floats(0.01, 10), st.sampled_from([0.05, 0.01, 0.001]))
def test_detectable_is_where_the_power_is_80_per_cent(n: int, sd: float, alpha: float) -> None:
    distance = detectable(sd, n, alpha=alpha)
    assert distance is not None
    assert power(distance / sd, n, alpha=alpha) == pytest.approx(0.8, abs=1e-6)


def test_detectable_by_the_known_table() -> None:
    # 27 pairs are the fewest for half a deviation, so they just show it and 26 do not.
    with_27, with_26 = detectable(1.0, 27, alpha=0.05), detectable(1.0, 26, alpha=0.05)
    assert with_27 is not None
    assert with_26 is not None
    assert with_27 <= 0.5 < with_26


def test_nothing_is_detectable_at_an_absurd_alpha() -> None:
    assert detectable(1.0, 3, alpha=1e-12) is None


def test_the_range_is_in_units_of_the_spread() -> None:
    assert math.isclose(detectable(2.0, 5, alpha=0.05) or 0.0, 2 * (detectable(1.0, 5, alpha=0.05) or 0.0))


def test_a_deviation_of_few_pairs_may_be_far_off() -> None:
    small, large = deviation_range(5)
    # Table of chi-squared, 4 degrees: 10 % below 1.0636, 90 % below 7.7794.
    assert (small, large) == (
        pytest.approx(math.sqrt(1.0636 / 4), abs=1e-4),
        pytest.approx(math.sqrt(7.7794 / 4), abs=1e-4),
    )
    assert deviation_range(2) == (
        pytest.approx(math.sqrt(0.01579), abs=1e-4),
        pytest.approx(math.sqrt(2.7055), abs=1e-4),
    )


def test_seeds_for_a_named_effect_are_uncertain_by_the_deviation_alone() -> None:
    needed = seeds_if([1.0], 5, alpha=0.05)
    small, large = deviation_range(5)
    assert needed == SeedsNeeded(
        seeds_for(1.0, 1.0, alpha=0.05), seeds_for(large, 1.0, alpha=0.05), seeds_for(small, 1.0, alpha=0.05)
    )
    assert (needed.seeds, needed.fewest, needed.most) == (8, 5, 25)
    both = seeds_if([0.6, 0.9], 5, alpha=0.05)
    assert both == SeedsNeeded(
        *(seeds_for(0.6 * scale, 1.0, alpha=0.05, other=0.9 * scale) for scale in (1.0, large, small))
    )


def test_all_of_several_distances_have_to_be_shown() -> None:
    assert seeds_for_all([0.8, 0.9], alpha=0.05) == seeds_for(0.8, 1.0, alpha=0.05, other=0.9)
    three = seeds_for_all([1.0] * 3, alpha=0.05)
    assert three is not None
    assert 3 * power(1.0, three, alpha=0.05) - 2 >= POWER > 3 * power(1.0, three - 1, alpha=0.05) - 2
    assert seeds_for_all([1.0, 0.01], alpha=0.05) is None
