"""The tests behind the verdicts: t tests with a margin, prediction of a mean, Holm's correction.

Values are final test errors in per cent, so every effect, deviation and interval bound is in percentage
points. An effect is ``a - b`` (for a constant: ``a - constant``). Each test asks two one-sided questions about
the boundary ``-margin``: is the true effect below it (what a claim ``a < b - margin`` says), or above it? A claim
of equivalence has two boundaries, and its test is made of one at each.

SciPy's special functions do the mathematics; its ready-made tests know no margin and raise on equal values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

_EQUAL = 1e-9
"""Spread, relative to the mean or 1, below which differing digits are floating-point noise."""


class Summary(NamedTuple):
    """What a publication states about one group: mean (per cent), standard deviation (points), seeds."""

    mean: float
    sd: float
    n: int


@dataclass(frozen=True, slots=True)
class TTest:
    """Result of a t test, all in percentage points.

    ``bounds`` are those of the two-sided ``1 - alpha`` interval of ``effect``. Where no test is possible (one value,
    or values without any spread) they are ``None`` and both p values are 1.
    """

    n: int
    """Observations: pairs, values, or those of the smaller group where two groups are not paired."""
    effect: float
    sd: float
    """Standard deviation of what was averaged; of the difference of the two groups where they are not paired."""
    df: float
    bounds: tuple[float, float] | None
    p_for: float
    """One-sided p value for "the true effect is below ``-margin``", or between the boundaries of an equivalence."""
    p_against: float
    """One-sided p value for "the true effect is above ``-margin``", or outside the boundaries of an equivalence."""

    @property
    def possible(self) -> bool:
        """Whether there was any spread to test against."""
        return self.bounds is not None

    @property
    def p_two_sided(self) -> float:
        """Two-sided p value for "the true effect is not ``-margin``"."""
        return min(1.0, 2 * min(self.p_for, self.p_against))


def equivalence(lower: TTest, upper: TTest) -> TTest:
    """Two one-sided tests (Schuirmann 1987), from those of one effect at the lower and at the upper boundary.

    For: the effect is above the lower *and* below the upper one, so the larger p value counts. Against: it is below the
    lower *or* above the upper one, so the smaller counts, doubled for the two chances (Bonferroni).
    """
    against = min(1.0, 2 * min(lower.p_for, upper.p_against))
    return replace(upper, p_for=max(lower.p_against, upper.p_for), p_against=against)


def reversed_test(test: TTest) -> TTest:
    """``test`` of ``b - a`` as one of ``a - b``: the same questions of the same two, written the other way round."""
    bounds = None if test.bounds is None else (-test.bounds[1], -test.bounds[0])
    return replace(test, effect=-test.effect, bounds=bounds)


def hardness(test: TTest) -> tuple[float, float]:
    """What the test furthest from showing its claim has the largest of; p values of 1 are told apart by their opposite."""
    return test.p_for, -test.p_against


def every(tests: Sequence[TTest]) -> TTest:
    """That each of several claims holds, from the test of each; numbers are those of the one furthest from shown.

    For: all of them have to be shown, so the largest p value counts (intersection-union, Berger 1982). Against: one that
    fails is enough, so the smallest counts, times the number of chances (Bonferroni).
    """
    hardest = max(tests, key=hardness)
    against = min(1.0, len(tests) * min(test.p_against for test in tests))
    return replace(hardest, p_against=against)


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean, summed without rounding so that the order of the seeds does not matter."""
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Standard deviation with ``n - 1``; 0 for a single value, and for values that differ by rounding noise only."""
    centre = mean(values)
    if max(abs(value - centre) for value in values) <= _EQUAL * max(1.0, abs(centre)):
        return 0.0
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def _t_test(n: int, effect: float, sd: float, error: float, df: float, margin: float, alpha: float) -> TTest:
    """The t test of ``effect`` with standard error ``error`` against the boundary ``-margin``."""
    from scipy.special import stdtr, stdtrit

    if error == 0.0:
        return TTest(n=n, effect=effect, sd=sd, df=df, bounds=None, p_for=1.0, p_against=1.0)
    statistic = (effect + margin) / error
    half = -float(stdtrit(df, alpha / 2)) * error
    return TTest(
        n=n,
        effect=effect,
        sd=sd,
        df=df,
        bounds=(effect - half, effect + half),
        p_for=float(stdtr(df, statistic)),
        p_against=float(stdtr(df, -statistic)),
    )


def one_sample(values: Sequence[float], constant: float, *, margin: float = 0.0, alpha: float) -> TTest:
    """Student's t test of ``mean(values) - constant``, as if ``constant`` were known without error."""
    n, sd = len(values), deviation(values)
    return _t_test(n, mean(values) - constant, sd, sd / math.sqrt(n), n - 1, margin, alpha)


def paired(a: Sequence[float], b: Sequence[float], *, margin: float = 0.0, alpha: float) -> TTest:
    """Student's t test of the differences ``a[i] - b[i]``; both must be in the same order of seeds."""
    differences = [x - y for x, y in zip(a, b, strict=True)]
    return one_sample(differences, 0.0, margin=margin, alpha=alpha)


def from_summary(a: Summary, b: Summary, *, margin: float = 0.0, alpha: float) -> TTest:
    """Welch's t test (1947) of ``a.mean - b.mean`` from stated means, deviations and seeds."""
    variance_a, variance_b = a.sd**2 / a.n, b.sd**2 / b.n
    error = math.sqrt(variance_a + variance_b)
    df = 0.0
    if error > 0.0:
        # Satterthwaite's degrees of freedom.
        df = (variance_a + variance_b) ** 2 / (variance_a**2 / (a.n - 1) + variance_b**2 / (b.n - 1))
    return _t_test(min(a.n, b.n), a.mean - b.mean, math.hypot(a.sd, b.sd), error, df, margin, alpha)


def one_sample_from_summary(a: Summary, constant: float, *, margin: float = 0.0, alpha: float) -> TTest:
    """Student's t test of ``a.mean - constant`` from a stated mean, deviation and number of seeds."""
    return _t_test(a.n, a.mean - constant, a.sd, a.sd / math.sqrt(a.n), a.n - 1, margin, alpha)


def welch(a: Sequence[float], b: Sequence[float], *, margin: float = 0.0, alpha: float) -> TTest:
    """Welch's t test of ``mean(a) - mean(b)``, ignoring any pairing; at least two values on each side."""
    summaries = [Summary(mean(values), deviation(values), len(values)) for values in (a, b)]
    return from_summary(summaries[0], summaries[1], margin=margin, alpha=alpha)


def prediction(
    values: Sequence[float], reported: float, n_reported: int, *, margin: float = 0.0, alpha: float
) -> TTest:
    """Whether ``reported`` could be the mean of ``n_reported`` further seeds of ``values``' kind.

    The effect is ``mean(values) - reported`` with standard error ``sd * sqrt(1/n + 1/n_reported)`` (Hahn & Meeker,
    Statistical Intervals, §4.7): a future mean varies too. ``reported`` lies inside the ``1 - alpha`` prediction
    interval exactly when 0 lies within the bounds. Seeds there are taken to scatter as they do here.
    """
    n, sd = len(values), deviation(values)
    return _t_test(n, mean(values) - reported, sd, sd * math.sqrt(1 / n + 1 / n_reported), n - 1, margin, alpha)


def interval(values: Sequence[float], *, alpha: float) -> tuple[float, float] | None:
    """The ``1 - alpha`` t interval of the mean, in the values' unit; ``None`` for one value or no spread."""
    return one_sample(values, 0.0, alpha=alpha).bounds


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p values, in the order given.

    The i-th smallest of ``m`` is multiplied by ``m - i`` (i from 0), never falls below its predecessor, and never
    exceeds 1. Rejecting what is ≤ alpha keeps the chance of any false rejection ≤ alpha, however the tests depend.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def effect_size(test: TTest) -> float | None:
    """Hedges' corrected standardised mean difference of pairs, ``J(n-1) * effect / sd`` (Cohen's d_z times J).

    ``J(f) = Γ(f/2) / (sqrt(f/2) Γ((f-1)/2))`` removes the bias of small samples (Hedges 1981). ``None`` where there
    is no spread or fewer than three pairs, for which the correction does not exist.
    """
    f = test.n - 1
    if f < 2 or not test.possible:
        return None
    correction = math.exp(math.lgamma(f / 2) - math.lgamma((f - 1) / 2)) / math.sqrt(f / 2)
    return correction * test.effect / test.sd
