"""Tests on curves by hand: slopes, the place of the lowest member, where two curves cross.

With two degrees of freedom P(T < t) = 1/2 + t / (2 sqrt(2 + t²)), so that three seeds can be done by hand.
"""

import math
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.claims.curve_tests import Lowest, crossing, lowest, slope, trend
from pkbench.claims.statistics import TTest, every, paired
from pkbench.spec.claim import TrendClaim
from tests.claims.factory import curve

calm = settings(deadline=None, max_examples=60)
P12 = 0.5 - math.sqrt(12) / (2 * math.sqrt(14))
"""p of -1, -2, -3: t = -2 sqrt 3, t² = 12."""

# Whole hundredths: equal values are equal, and different ones differ by more than rounding.
number = st.integers(0, 9999).map(lambda value: value / 100)


def p(t: float) -> float:
    """P(T < t) with two degrees of freedom."""
    return 0.5 + t / (2 * math.sqrt(2 + t * t))


def p_below(differences: list[float]) -> float:
    """One-sided p value of three differences by the closed form."""
    centre = sum(differences) / 3
    sd = math.sqrt(sum((d - centre) ** 2 for d in differences) / 2)
    return p(centre / sd * math.sqrt(3))


def claim(direction: str, margin: float, alpha: float = 0.05) -> TrendClaim:
    return TrendClaim.model_validate(curve("trend", direction=direction, margin=margin, alpha=alpha))


# ---------------------------------------------------------------------------------------------------------- slopes


def test_a_slope_is_the_change_for_each_doubling() -> None:
    # 8, 16, 32 are 3, 4, 5 in log2, so (y3 - y1) / 2 whatever the middle.
    assert slope([8, 16, 32], [10.0, 99.0, 4.0]) == pytest.approx(-3.0)
    assert slope([1, 4], [10.0, 4.0]) == pytest.approx(-3.0)
    # log2 = 0, 1, 3 with centre 4/3: weights -4/3, -1/3, 5/3; (-4/3 * 1 - 1/3 * 2 + 5/3 * 6) / (16/9 + 1/9 + 25/9).
    assert slope([1, 2, 8], [1.0, 2.0, 6.0]) == pytest.approx((-4 / 3 - 2 / 3 + 10) / (42 / 9))


def test_a_falling_trend_by_hand() -> None:
    # Seeds fall by 1, 2, 3 for each doubling: mean -2, sd 1, as three pairs -1, -2, -3.
    values = [[10.0, 10.0, 10.0], [9.0, 8.0, 7.0], [8.0, 6.0, 4.0]]
    found = trend(claim("falls", 0.0), [8, 16, 32], values)
    assert (found.n, found.effect, found.sd) == (3, pytest.approx(-2.0), pytest.approx(1.0))
    assert (found.p_for, found.p_against) == (pytest.approx(P12), pytest.approx(1 - P12))
    assert found.bounds == pytest.approx((-4.484138, 0.484138), abs=1e-5)
    # By more than 1: t = -1 / 0.57735 = -1.73205.
    assert trend(claim("falls", 1.0), [8, 16, 32], values).p_for == pytest.approx(0.112702, abs=1e-6)


def test_a_rising_trend_is_the_same_turned_around() -> None:
    values = [[10.0, 10.0, 10.0], [11.0, 12.0, 13.5]]
    found = trend(claim("rises", 0.5), [8, 16], values)
    turned = trend(claim("falls", 0.5), [8, 16], [[-v for v in row] for row in values])
    # Slopes 1, 2, 3.5, and less 0.5.
    assert (found.effect, found.p_for) == (pytest.approx(6.5 / 3), pytest.approx(p_below([-0.5, -1.5, -3.0])))
    assert (found.p_for, found.p_against, found.sd) == (turned.p_for, turned.p_against, turned.sd)
    assert found.bounds is not None
    assert turned.bounds == pytest.approx((-found.bounds[1], -found.bounds[0]))
    assert found.bounds[0] < found.effect < found.bounds[1]


def test_a_flat_trend_is_two_tests() -> None:
    # Slopes -0.1, 0.0, 0.2 within ±1: above -1 is 0.9, 1, 1.2 above 0; below 1 is -1.1, -1, -0.8.
    values = [[5.0, 5.0, 5.0], [4.9, 5.0, 5.2]]
    found = trend(claim("flat", 1.0), [8, 16], values)
    low, high = p_below([-0.9, -1.0, -1.2]), p_below([-1.1, -1.0, -0.8])
    assert low < high
    assert found.p_for == pytest.approx(high)
    assert found.p_against == pytest.approx(min(1, 2 * (1 - high)))
    assert found.effect == pytest.approx(0.1 / 3)
    # Clearly outside it is contradicted by the nearer boundary, doubled: slopes 2.9, 3, 3.2 less 1.
    steep = trend(claim("flat", 1.0), [8, 16], [[5.0, 5.0, 5.0], [7.9, 8.0, 8.2]])
    assert steep.p_against == pytest.approx(2 * p_below([-1.9, -2.0, -2.2]))


def test_a_trend_of_one_seed_or_of_equal_slopes_is_no_test() -> None:
    assert not trend(claim("falls", 0.0), [8, 16], [[2.0], [1.0]]).possible
    assert not trend(claim("falls", 0.0), [8, 16], [[2.0, 3.0, 4.0], [1.0, 2.0, 3.0]]).possible


def test_the_interval_is_alphas() -> None:
    values = [[0.0, 0.0, 0.0], [-1.0, -2.0, -3.0]]
    found = trend(claim("falls", 0.0, alpha=0.1), [8, 16], values)
    # The 95 % point of two degrees is 2.919986: see test_statistics.
    assert found.bounds == pytest.approx((-2 - 1.685855, -2 + 1.685855), abs=1e-5)


# ---------------------------------------------------------------------------------------------------------- extrema

# Three members and seeds. Differences one - two: -1, -2, -3; one - three: -4, -4, -5; two - three: -3, -2, -2.
ONE, TWO, THREE = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [5.0, 6.0, 8.0]


def test_one_member_near_has_to_be_below_every_other() -> None:
    found = lowest([ONE, TWO, THREE], [True, False, False], 0.05)
    # For: the larger of the two p values (intersection-union).
    assert found.test.p_for == pytest.approx(max(p_below([-1, -2, -3]), p_below([-4, -4, -5])))
    # Against: two could be below one, or three: twice the smaller of the two p values (Bonferroni).
    assert found.test.p_against == pytest.approx(min(1.0, 2 * min(p_below([1, 2, 3]), p_below([4, 4, 5]))))
    assert (found.near, found.far, found.lowest) == (0, 1, 0)
    # The numbers are those of best against best.
    assert (found.test.effect, found.test.sd) == (-2.0, 1.0)


def test_one_of_two_near_members_is_enough() -> None:
    found = lowest([ONE, TWO, THREE], [True, True, False], 0.05)
    assert found.test.p_for == pytest.approx(2 * min(p_below([-4, -4, -5]), p_below([-3, -2, -2])))
    # Against: three has to be below both.
    assert found.test.p_against == pytest.approx(max(p_below([4, 4, 5]), p_below([3, 2, 2])))
    assert (found.near, found.far, found.lowest) == (0, 2, 0)


def test_near_and_far_exchanged_exchange_the_p_values() -> None:
    one = lowest([ONE, TWO, THREE], [True, False, False], 0.05)
    other = lowest([ONE, TWO, THREE], [False, True, True], 0.05)
    assert (one.test.p_for, one.test.p_against) == (other.test.p_against, other.test.p_for)
    assert (one.near, one.far, one.test.effect) == (other.far, other.near, -other.test.effect)


def test_the_best_are_chosen_by_their_means() -> None:
    found = lowest([THREE, TWO, ONE, [9.0, 9.0, 9.5]], [True, True, False, False], 0.05)
    assert (found.near, found.far, found.lowest) == (1, 2, 2)


def test_members_that_may_be_the_lowest() -> None:
    # One below three: mean -13/3, sd 1/sqrt 3, t = -13, p = 1/2 - 13 / (2 sqrt 171) = .00293; one below two .0371, two
    # below three .0101. Bonferroni over the 2 others of each: out where another is below it with p <= alpha / 2.
    assert p_below([-4, -4, -5]) == pytest.approx(0.5 - 13 / (2 * math.sqrt(171)))
    values = [ONE, TWO, THREE]
    near = [True, False, False]
    assert lowest(values, near, 0.05).plausible == (0, 1)
    assert lowest(values, near, 2 * P12 * 1.001).plausible == (0,)
    assert lowest(values, near, 2 * P12 * 0.999).plausible == (0, 1)
    assert lowest(values, near, 0.005).plausible == (0, 1, 2)


def test_exactly_at_the_limit_a_member_is_out() -> None:
    exact = paired(ONE, TWO, alpha=0.05).p_for
    assert lowest([ONE, TWO], [True, False], exact).plausible == (0,)
    assert lowest([ONE, TWO], [True, False], math.nextafter(exact, 0)).plausible == (0, 1)


def test_members_that_differ_by_a_constant_cannot_be_told_apart() -> None:
    found = lowest([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]], [True, False], 0.05)
    assert (found.test.possible, found.test.p_for, found.test.p_against) == (False, 1.0, 1.0)
    assert found.plausible == (0, 1)


# -------------------------------------------------------------------------------------------------------- crossings


def test_where_the_means_cross() -> None:
    # a - b: 3 at 8, 1 at 16, -3 at 32: a quarter of the way from 4 to 5 in log2.
    found = crossing([8, 16, 32], [[13.0], [11.0], [7.0]], [[10.0], [10.0], [10.0]], 0.05)
    assert found.x == pytest.approx(2**4.25)
    assert (found.low, found.high) == (None, None)


def test_a_crossing_between_members_further_apart() -> None:
    # 3 at 8 and -1 at 128: three quarters of the four doublings.
    assert crossing([8, 128], [[13.0], [9.0]], [[10.0], [10.0]], 0.05).x == pytest.approx(64)


def test_curves_with_a_value_missing_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        slope([8, 16, 32], [1.0, 2.0])
    with pytest.raises(ValueError, match="zip"):
        trend(claim("falls", 0.0), [8, 16], [[1.0, 2.0, 3.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="zip"):
        lowest([[1.0, 2.0, 3.0], [1.0, 2.0]], [True, False], 0.05)
    with pytest.raises(ValueError, match="zip"):
        crossing([8, 16], [[1.0], [2.0]], [[1.0]], 0.05)


def test_a_crossing_exactly_at_a_member_and_none_at_all() -> None:
    ten = [[10.0], [10.0], [10.0]]
    assert crossing([8, 16, 32], [[13.0], [10.0], [7.0]], ten, 0.05).x == pytest.approx(16)
    assert crossing([8, 16, 32], [[13.0], [12.0], [11.0]], ten, 0.05).x is None
    # From below to above is no descent, nor is it where they are equal at first.
    assert crossing([8, 16, 32], [[7.0], [8.0], [13.0]], ten, 0.05).x is None
    assert crossing([8, 16, 32], [[10.0], [8.0], [7.0]], ten, 0.05).x is None
    # The first of two counts: 2 to -2 between 8 and 16.
    twice = crossing([8, 16, 32, 64], [[12.0], [8.0], [12.0], [8.0]], [*ten, [10.0]], 0.05)
    assert twice.x == pytest.approx(2**3.5)


CLEAR, UNCLEAR = [5.0, 5.0, 5.1], [1.0, -1.0, 0.5]


def crossed(*effects: list[float], alpha: float = 0.05) -> tuple[float | None, float | None]:
    """Between which of x = 1, 2, 4 … curves with these differences of three seeds cross."""
    b = [[50.0, 51.0, 53.0]] * len(effects)
    a = [[y + d for y, d in zip(row, effect, strict=True)] for row, effect in zip(b, effects, strict=True)]
    found = crossing([2**i for i in range(len(effects))], a, b, alpha)
    return found.low, found.high


def below(effect: list[float]) -> list[float]:
    return [-value for value in effect]


def test_members_between_which_a_crossing_lies() -> None:
    # 5, 5, 5.1: t = 151, p = 2.2e-5; members that are unclear are inside.
    assert crossed(CLEAR, CLEAR, UNCLEAR, below(CLEAR), below(CLEAR)) == (2, 8)
    assert crossed(CLEAR, below(CLEAR)) == (1, 2)
    assert crossed(CLEAR, UNCLEAR) == (1, None)
    assert crossed(UNCLEAR, below(CLEAR)) == (None, 2)
    assert crossed(UNCLEAR, UNCLEAR) == (None, None)


def test_what_goes_back_and_forth_is_left_out() -> None:
    # Significantly below at 2: no a-above beyond it counts, and below does not hold from there on.
    assert crossed(CLEAR, below(CLEAR), CLEAR, below(CLEAR)) == (1, 8)
    assert crossed(below(CLEAR), CLEAR) == (None, None)


def test_ends_of_a_crossing_are_corrected_for_members_and_sides() -> None:
    # Differences 1, 2, 3 have p = .0371: with one member and two sides that is enough from alpha = .0742 on.
    assert crossed([1.0, 2.0, 3.0], UNCLEAR, alpha=4 * P12 * 1.001) == (1, None)
    assert crossed([1.0, 2.0, 3.0], UNCLEAR, alpha=4 * P12 * 0.999) == (None, None)
    assert crossed(UNCLEAR, [-1.0, -2.0, -3.0], alpha=4 * P12 * 1.001) == (None, 2)
    assert crossed(UNCLEAR, [-1.0, -2.0, -3.0], alpha=4 * P12 * 0.999) == (None, None)


def test_exactly_at_the_limit_an_end_counts() -> None:
    exact = 4 * paired([0.0] * 3, [1.0, 2.0, 3.0], alpha=0.05).p_for
    a, b = [[1.0, 2.0, 3.0], [0.0] * 3], [[0.0] * 3, [1.0, 2.0, 3.0]]
    found = crossing([1, 2], a, b, exact)
    assert (found.low, found.high) == (1, 2)
    found = crossing([1, 2], a, b, math.nextafter(exact, 0))
    assert (found.low, found.high) == (None, None)


# ----------------------------------------------------------------------------------------------------------- of all


def made(p_for: float, p_against: float, effect: float = 0.0) -> TTest:
    return TTest(n=3, effect=effect, sd=1.0, df=2, bounds=(0.0, 0.0), p_for=p_for, p_against=p_against)


def test_every_is_intersection_union_and_bonferroni() -> None:
    found = every([made(0.01, 0.99, 1.0), made(0.2, 0.8, 2.0), made(0.03, 0.97, 3.0)])
    assert (found.p_for, found.effect) == (0.2, 2.0)
    assert found.p_against == 1.0
    assert every([made(0.99, 0.01), made(0.5, 0.5), made(0.4, 0.6)]).p_against == pytest.approx(0.03)
    alone = made(0.7, 0.3)
    assert every([alone]) == alone


def test_of_two_that_are_hopeless_the_clearer_one_decides() -> None:
    found = every([made(1.0, 1e-20, 1.0), made(1.0, 1e-40, 2.0)])
    assert (found.effect, found.p_against) == (2.0, 2e-40)


# ------------------------------------------------------------------------------------------------------- properties

tables = st.integers(2, 4).flatmap(
    lambda members: st.lists(st.lists(number, min_size=members, max_size=members), min_size=3, max_size=6)
).map(lambda seeds: [list(row) for row in zip(*seeds, strict=True)])  # fmt: skip


def same(one: Lowest | Any, other: Lowest | Any, **changes: Any) -> None:
    assert one.test.p_for == pytest.approx(other.test.p_for, rel=1e-6, abs=1e-12)
    assert one.test.p_against == pytest.approx(other.test.p_against, rel=1e-6, abs=1e-12)


@calm
@given(tables, st.data())
def test_extrema_do_not_depend_on_order_or_unit(values: list[list[float]], data: st.DataObject) -> None:
    near = data.draw(
        st.lists(st.booleans(), min_size=len(values), max_size=len(values)).filter(lambda f: 0 < sum(f) < len(f))
    )
    found = lowest(values, near, 0.05)
    seeds = data.draw(st.permutations(range(len(values[0]))))
    same(found, lowest([[row[k] for k in seeds] for row in values], near, 0.05))
    places = data.draw(st.permutations(range(len(values))))
    moved = lowest([values[i] for i in places], [near[i] for i in places], 0.05)
    same(found, moved)
    assert {places[i] for i in moved.plausible} == set(found.plausible)
    # 4 and 64 are exact in binary.
    same(found, lowest([[4 * v + 64 for v in row] for row in values], near, 0.05))


@calm
@given(tables)
def test_the_lowest_is_never_ruled_out(values: list[list[float]]) -> None:
    found = lowest(values, [True] + [False] * (len(values) - 1), 0.49)
    assert found.lowest in found.plausible
    assert found.lowest in (found.near, found.far)


@calm
@given(tables, st.floats(0.001, 0.2), st.floats(0.001, 0.2))
def test_a_smaller_alpha_rules_out_less(values: list[list[float]], x: float, y: float) -> None:
    near = [True] + [False] * (len(values) - 1)
    strict, lenient = (set(lowest(values, near, alpha).plausible) for alpha in (min(x, y), max(x, y)))
    assert lenient <= strict


@calm
@given(tables, st.sampled_from(get_args(TrendClaim.model_fields["direction"].annotation)), number, st.data())
def test_trends_do_not_depend_on_order_or_on_the_unit_of_x(
    values: list[list[float]], direction: str, margin: float, data: st.DataObject
) -> None:
    x = [2.0**i for i in range(len(values))]
    found = trend(claim(direction, margin), x, values)
    seeds = data.draw(st.permutations(range(len(values[0]))))
    places = data.draw(st.permutations(range(len(values))))
    moved = [[values[i][k] for k in seeds] for i in places]
    other = trend(claim(direction, margin), [1024 * x[i] for i in places], moved)
    assert other.effect == pytest.approx(found.effect, abs=1e-9)
    assert (other.p_for, other.p_against) == pytest.approx((found.p_for, found.p_against), rel=1e-6, abs=1e-9)


@calm
@given(tables, number, number)
def test_a_steeper_claim_is_harder_and_a_wider_band_easier(values: list[list[float]], m: float, n: float) -> None:
    x = [2.0**i for i in range(len(values))]
    small, large = sorted((m, n))
    for direction, harder in (("falls", large), ("rises", large), ("flat", small)):
        easier = small if harder == large else large
        assert trend(claim(direction, harder), x, values).p_for >= trend(claim(direction, easier), x, values).p_for


@calm
@given(tables)
def test_falling_is_the_opposite_of_rising(values: list[list[float]]) -> None:
    x = [2.0**i for i in range(len(values))]
    falls, rises = trend(claim("falls", 0.0), x, values), trend(claim("rises", 0.0), x, values)
    assert (falls.effect, falls.p_for, falls.p_against) == pytest.approx((rises.effect, rises.p_against, rises.p_for))


@calm
@given(tables, tables)
def test_a_crossing_lies_between_its_ends(a: list[list[float]], b: list[list[float]]) -> None:
    members, seeds = min(len(a), len(b)), min(len(a[0]), len(b[0]))
    x = [2.0**i for i in range(members)]
    a, b = ([row[:seeds] for row in side[:members]] for side in (a, b))
    found = crossing(x, a, b, 0.1)
    if found.low is not None and found.high is not None:
        assert found.low < found.high
    # Another unit of x moves all alike.
    moved = crossing([8 * value for value in x], a, b, 0.1)
    for one, other in zip(found, moved, strict=True):
        assert (one is None) == (other is None)
        assert one is None or other == pytest.approx(8 * one)
