"""How many seeds would settle a question, and what the seeds at hand could have shown.

Both are about the one-sided paired t test. They take what was observed for the truth, which for a handful of seeds is
rough: a range that allows for both effect and spread comes along with the number of seeds. Where an effect was named
before any run only the spread is in doubt, and the number is a better one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Numbers = TypeVar("Numbers", float, "NDArray[np.float64]")
"""One number, or an array of them."""

POWER = 0.8
"""Chance of a decision that counts as enough."""

MAX_SEEDS = 1000
FEWEST = 3
"""Seeds below which nothing is ever decided."""

_RANGE_COVERAGE = 0.8
"""Coverage of the range for the true number of seeds: a rough range, not a proof."""

_LARGEST_EFFECT = 1e3
"""Standardised effects beyond this count as this: SciPy's noncentral t has no digits for the most extreme ones."""


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """Seeds at which the test would decide with 80 % chance; ``None`` stands for more than 1000.

    ``fewest`` and ``most`` are the numbers for the largest and the smallest true distance, in deviations, that the
    observed one leaves plausible (80 % range).
    """

    seeds: int | None
    fewest: int | None
    most: int | None

    def times(self, each: int) -> SeedsNeeded:
        """The same where ``each`` seeds are behind one observation; more than 1000 stay what they are."""
        scaled = (None if found is None or found * each > MAX_SEEDS else found * each for found in self._all())
        return SeedsNeeded(*scaled)

    def _all(self) -> tuple[int | None, int | None, int | None]:
        return self.seeds, self.fewest, self.most


NamedBy = Literal["no difference", "no slope", "paper"]
"""What names an effect before any run: that a claim is one of parity, or the paper's own numbers."""


@dataclass(frozen=True, slots=True)
class SeedsIf:
    """Seeds that would decide if the true effect were one that was named before the runs.

    ``effect`` is in the metric's unit, ``source`` what named it, and ``comparisons`` the number of comparisons of the spec,
    this one's included, whose scatter the seeds are reckoned by.
    """

    effect: float
    source: NamedBy
    needed: SeedsNeeded
    comparisons: int


def power(standardised: float, n: int, *, alpha: float) -> float:
    """Chance that ``n`` pairs reject at one-sided ``alpha`` when the true effect is ``standardised`` deviations.

    With ``t' ~`` noncentral t of ``n - 1`` degrees and noncentrality ``standardised * sqrt(n)``:
    ``P(t' > t_{1-alpha, n-1})``.
    """
    from scipy.special import nctdtr, stdtrit

    critical = -float(stdtrit(n - 1, alpha))
    shift = min(standardised, _LARGEST_EFFECT) * math.sqrt(n)
    found = float(nctdtr(n - 1, shift, critical))
    # The function has no digits for some large shifts, all of them where the power is 1.
    return 1.0 if math.isnan(found) else 1.0 - found


def seeds_for(effect: float, sd: float, *, alpha: float, other: float | None = None) -> int | None:
    """Fewest pairs (3 … 1000) whose power for a distance ``effect`` from the boundary reaches 80 %; both in points.

    With a distance to an ``other`` boundary both have to be shown.
    """
    return seeds_for_all([abs(distance) / sd for distance in (effect, other) if distance is not None], alpha=alpha)


def seeds_for_all(standardised: Sequence[float], *, alpha: float) -> int | None:
    """Fewest pairs (3 … 1000) that show every one of some distances, in deviations, with 80 % chance or more.

    What is at least certain of several is 1 minus the chances of missing each (Bonferroni's bound).
    """

    def chance(n: int) -> float:
        return 1 - sum(1 - power(distance, n, alpha=alpha) for distance in standardised)

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


def standardised_range(standardised: Numbers, n: int) -> tuple[Numbers, Numbers]:
    """The 80 % interval of a true distance in deviations, where ``n`` pairs show ``standardised`` of them.

    Its ends are those at which the observed ``t = standardised * sqrt(n)`` is the 90 % and the 10 % point of noncentral t
    (Hedges & Olkin 1985, §5). The lower end may lie below 0.
    """
    from scipy.special import nctdtrinc

    tail = (1 - _RANGE_COVERAGE) / 2
    statistic = standardised * math.sqrt(n)
    low, high = (nctdtrinc(n - 1, point, statistic) / math.sqrt(n) for point in (1 - tail, tail))
    return low, high


def seeds_needed(effect: float, sd: float, n: int, *, alpha: float, other: float | None = None) -> SeedsNeeded:
    """Seeds that would decide if the true distance from the boundary and spread were those of ``n`` observed pairs.

    ``effect`` and ``sd`` (> 0) are in percentage points. For the range ``effect`` and ``other`` are scaled alike.
    """
    standardised = min(abs(effect) / sd, _LARGEST_EFFECT)
    if standardised == 0.0:
        return SeedsNeeded(None, None, None)
    low, high = standardised_range(standardised, n)
    return SeedsNeeded(
        seeds=seeds_for(effect, sd, alpha=alpha, other=other),
        fewest=seeds_for(effect, sd * standardised / high, alpha=alpha, other=other),
        most=seeds_for(effect, sd * standardised / low, alpha=alpha, other=other) if low > 0 else None,
    )


def deviation_range(n: int) -> tuple[float, float]:
    """The 80 % range of a deviation estimated from ``n`` pairs over the true one: chi-squared of ``n - 1`` degrees."""
    from scipy.special import chdtri

    tail = (1 - _RANGE_COVERAGE) / 2
    small, large = (math.sqrt(float(chdtri(n - 1, point)) / (n - 1)) for point in (1 - tail, tail))
    return small, large


def seeds_if(standardised: Sequence[float], n: int, *, alpha: float) -> SeedsNeeded:
    """Seeds that would show every one of some distances named beforehand, in deviations estimated from ``n`` pairs.

    Only the deviation is uncertain. The range is that of these pairs alone, and so wider than need be where other
    comparisons helped to estimate it; what they know in common would make a range too narrow where they differ.
    """
    small, large = deviation_range(n)
    return SeedsNeeded(
        seeds=seeds_for_all(standardised, alpha=alpha),
        fewest=seeds_for_all([large * distance for distance in standardised], alpha=alpha),
        most=seeds_for_all([small * distance for distance in standardised], alpha=alpha),
    )


def detectable(sd: float, n: int, *, alpha: float) -> float | None:
    """Smallest true distance from the boundary, in percentage points, that ``n`` pairs show with 80 % chance.

    ``None`` where no distance up to a thousand deviations would do (few pairs and a tiny ``alpha``).
    """
    from scipy.special import nctdtrinc, stdtrit

    if power(_LARGEST_EFFECT, n, alpha=alpha) < POWER:
        return None
    critical = -float(stdtrit(n - 1, alpha))
    return sd * float(nctdtrinc(n - 1, 1 - POWER, critical)) / math.sqrt(n)
