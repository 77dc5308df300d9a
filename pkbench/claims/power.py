"""How many seeds would settle a question, and what the seeds at hand could have shown.

Both are about the one-sided paired t test. They take the observed spread for the true one, which for a handful
of seeds is rough: a range for it comes along.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

POWER = 0.8
"""Chance of a decision that counts as enough."""

MAX_SEEDS = 1000
FEWEST = 3
"""Seeds below which nothing is ever decided."""

_SPREAD_COVERAGE = 0.8
"""Coverage of the range for the true spread: a rough range, not a proof."""

_LARGEST_EFFECT = 1e3
"""Standardised effects beyond this count as this: SciPy's noncentral t has no digits for the most extreme ones."""


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """Seeds at which the test would decide with 80 % chance; ``None`` stands for more than 1000.

    ``fewest`` and ``most`` are the numbers for the smallest and the largest spread that the chi-square
    distribution of the observed one leaves plausible (80 % range).
    """

    seeds: int | None
    fewest: int | None
    most: int | None


def power(standardised: float, n: int, *, alpha: float) -> float:
    """Chance that ``n`` pairs reject at one-sided ``alpha`` when the true effect is ``standardised`` deviations.

    With ``t' ~`` noncentral t of ``n - 1`` degrees and noncentrality ``standardised * sqrt(n)``:
    ``P(t' > t_{1-alpha, n-1})``.
    """
    from scipy.special import nctdtr, stdtrit

    critical = -float(stdtrit(n - 1, alpha))
    shift = min(standardised, _LARGEST_EFFECT) * math.sqrt(n)
    found = 1.0 - float(nctdtr(n - 1, shift, critical))
    if math.isnan(found):  # the fast function has no digits for some large shifts
        from scipy.stats import nct

        found = float(nct.sf(critical, n - 1, shift))
    return found


def seeds_for(effect: float, sd: float, *, alpha: float, other: float | None = None) -> int | None:
    """Fewest pairs (3 … 1000) whose power for a distance ``effect`` from the boundary reaches 80 %; both in points.

    With a distance to an ``other`` boundary both have to be shown, with at least that chance (Bonferroni's bound).
    """
    distances = [abs(effect) / sd] + ([] if other is None else [abs(other) / sd])

    def chance(n: int) -> float:
        return 1 - sum(1 - power(standardised, n, alpha=alpha) for standardised in distances)

    if chance(MAX_SEEDS) < POWER:
        return None
    low, high = FEWEST, MAX_SEEDS
    while low < high:
        middle = (low + high) // 2
        if chance(middle) >= POWER:
            high = middle
        else:
            low = middle + 1
    return low


def seeds_needed(effect: float, sd: float, n: int, *, alpha: float, other: float | None = None) -> SeedsNeeded:
    """Seeds that would decide if the true distance from the boundary and spread were those of ``n`` observed pairs.

    ``effect`` and ``sd`` (> 0) are in percentage points. The range follows from
    ``(n-1) sd² / sigma² ~ chi-square(n-1)``.
    """
    from scipy.special import chdtri

    tail = (1 - _SPREAD_COVERAGE) / 2
    smallest = sd * math.sqrt((n - 1) / float(chdtri(n - 1, tail)))
    largest = sd * math.sqrt((n - 1) / float(chdtri(n - 1, 1 - tail)))
    return SeedsNeeded(
        seeds=seeds_for(effect, sd, alpha=alpha, other=other),
        fewest=seeds_for(effect, smallest, alpha=alpha, other=other),
        most=seeds_for(effect, largest, alpha=alpha, other=other),
    )


def detectable(sd: float, n: int, *, alpha: float) -> float | None:
    """Smallest true distance from the boundary, in percentage points, that ``n`` pairs show with 80 % chance.

    ``None`` where no distance up to a thousand deviations would do (few pairs and a tiny ``alpha``).
    """
    from scipy.optimize import brentq

    def shortfall(standardised: float) -> float:
        return power(standardised, n, alpha=alpha) - POWER

    if shortfall(_LARGEST_EFFECT) < 0:
        return None
    return sd * float(brentq(shortfall, 0.0, _LARGEST_EFFECT, xtol=1e-9))
