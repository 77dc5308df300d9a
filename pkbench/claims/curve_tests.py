"""Tests on curves, each seed a whole curve: its slope, the place of its lowest point, where two of them cross.

``values[i][k]`` is the value of member ``i`` at seed ``k``; members are in rising order of ``x``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from pkbench.claims.statistics import TTest, equivalence, mean, one_sample, paired, reversed_test
from pkbench.spec.claim import TrendClaim

Values = Sequence[Sequence[float]]


class Lowest(NamedTuple):
    """The lowest member near a target against the lowest elsewhere.

    ``test`` is of ``near - far``, with p values that account for the choice; ``plausible`` are the members that cannot be
    ruled out as the lowest.
    """

    test: TTest
    near: int
    far: int
    lowest: int
    plausible: tuple[int, ...]


class Crossing(NamedTuple):
    """Where the mean of a comes down to that of b.

    ``x`` is interpolated between members, ``None`` where the means do not cross downwards. It lies above ``low``, the
    last x up to which a is significantly above b, and below ``high``, the first x from which a is significantly below;
    ``None`` where there is no such x.
    """

    x: float | None
    low: float | None
    high: float | None


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Least-squares slope of ``y`` against log2(x): the change for each doubling of x. At least two different x > 0."""
    log_x = [math.log2(value) for value in x]
    centre = mean(log_x)
    weights = [value - centre for value in log_x]
    return math.fsum(w * v for w, v in zip(weights, y, strict=True)) / math.fsum(w * w for w in weights)


def trend(claim: TrendClaim, x: Sequence[float], values: Values) -> TTest:
    """T test of the seeds' slopes against the claim's boundaries: each seed counts once, however many members there are."""
    slopes = [slope(x, curve) for curve in zip(*values, strict=True)]

    def test(margin: float) -> TTest:
        return one_sample(slopes, 0.0, margin=margin, alpha=claim.alpha)

    match claim.direction:
        case "falls":
            return test(claim.margin)
        case "rises":
            turned = [-value for value in slopes]
            return reversed_test(one_sample(turned, 0.0, margin=claim.margin, alpha=claim.alpha))
        case "flat":
            return equivalence(test(claim.margin), test(-claim.margin))


def lowest(values: Values, is_near: Sequence[bool], alpha: float) -> Lowest:
    """Whether the lowest mean is that of a member that ``is_near``; there must be members of both kinds.

    For: some near member is below every far one. For one near member that is the largest of its p values against the
    far ones (intersection-union); for the best of N near ones it is N times the smallest of these (Bonferroni).
    Against: the same with near and far exchanged.
    """
    n = len(values)
    below = [[_p_below(one, other, alpha) for other in values] for one in values]
    near = [i for i in range(n) if is_near[i]]
    far = [i for i in range(n) if not is_near[i]]
    means = [mean(curve) for curve in values]
    best_near, best_far = (min(side, key=means.__getitem__) for side in (near, far))
    test = paired(values[best_near], values[best_far], alpha=alpha)
    limit = alpha / (n - 1)
    return Lowest(
        test=replace(test, p_for=_some_below_all(below, near, far), p_against=_some_below_all(below, far, near)),
        near=best_near,
        far=best_far,
        lowest=min(range(n), key=means.__getitem__),
        plausible=tuple(k for k in range(n) if all(below[j][k] > limit for j in range(n) if j != k)),
    )


def _p_below(a: Sequence[float], b: Sequence[float], alpha: float) -> float:
    """One-sided p value for ``mean(a) < mean(b)``; 1 where every difference is the same and the test is not possible."""
    return paired(a, b, alpha=alpha).p_for


def _some_below_all(below: Sequence[Sequence[float]], some: Sequence[int], others: Sequence[int]) -> float:
    return min(1.0, len(some) * min(max(below[i][j] for j in others) for i in some))


def crossing(x: Sequence[float], a: Values, b: Values, alpha: float) -> Crossing:
    """Where the means cross, with members between which it lies at ``1 - alpha`` (Bonferroni over members)."""
    pairs = list(zip(a, b, strict=True))
    effects = [mean(of_a) - mean(of_b) for of_a, of_b in pairs]
    limit = alpha / (2 * len(x))
    above = [_p_below(of_b, of_a, alpha) <= limit for of_a, of_b in pairs]
    below = [_p_below(of_a, of_b, alpha) <= limit for of_a, of_b in pairs]
    return Crossing(
        x=_first_descent(x, effects),
        low=_last(x, above, lambda i: not any(below[:i])),
        high=_first(x, below, lambda i: not any(above[i:])),
    )


def _first_descent(x: Sequence[float], effects: Sequence[float]) -> float | None:
    for i in range(1, len(x)):
        before, after = effects[i - 1], effects[i]
        if before > 0 >= after:
            share = before / (before - after)
            return 2 ** (math.log2(x[i - 1]) + share * (math.log2(x[i]) - math.log2(x[i - 1])))
    return None


def _last(x: Sequence[float], flags: Sequence[bool], holds: Callable[[int], bool]) -> float | None:
    found = [x[i] for i, flag in enumerate(flags) if flag and holds(i)]
    return found[-1] if found else None


def _first(x: Sequence[float], flags: Sequence[bool], holds: Callable[[int], bool]) -> float | None:
    return next((x[i] for i, flag in enumerate(flags) if flag and holds(i)), None)
