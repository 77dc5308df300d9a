"""Whether power and required seeds are what :mod:`pkbench.claims.power` says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pkbench.claims.calibration.batch import below_and_above
from pkbench.claims.calibration.cases import ALPHA
from pkbench.claims.calibration.rates import MONTE_CARLO, SEEDS, monte_carlo_error
from pkbench.claims.calibration.shapes import Array, generator
from pkbench.claims.power import FEWEST, MAX_SEEDS, detectable, power, standardised_range

EFFECTS: Final = (0.5, 1.0, 1.5, 2.0, 3.0)
"""True distances from the boundary, in deviations of a difference."""
PILOTS: Final = (5, 10, 20, 40)
"""Seeds from which the required number is estimated."""
FACTOR: Final = 1.5
"""An estimate within this factor of the true number counts as right …"""
WANTED: Final = 0.8
"""… and this share of estimates is wanted to be right."""
ENOUGH: Final = 20
"""Seeds from which the spread alone is known well enough for that."""


@dataclass(frozen=True, slots=True)
class Power:
    """Share of ``studies`` that showed an ``effect``, beside what the formula says."""

    effect: float
    n: int
    studies: int
    shown: int
    formula: float

    @property
    def share(self) -> float:
        """The simulated power."""
        return self.shown / self.studies

    @property
    def holds(self) -> bool:
        """Whether simulation and formula agree, as far as so many studies can tell."""
        # Where the formula is all but 1 a single study may still miss.
        slack = MONTE_CARLO * monte_carlo_error(self.formula, self.studies) + 1 / self.studies
        return abs(self.share - self.formula) <= slack


@dataclass(frozen=True, slots=True)
class SeedsEstimate:
    """How good the required number of seeds is that ``n`` seeds suggest, where ``effect`` is true and ``needed`` are."""

    effect: float
    n: int
    studies: int
    needed: int
    right: float
    """Share of estimates within the factor: from the observed effect and spread, as verdicts say it."""
    right_spread_known: float
    """The same from the observed effect, had the spread been known: what better estimates of it can lead to."""
    right_given: float
    """The same from the observed spread and an effect that was named beforehand."""
    in_range: float
    """Share of the ranges beside the estimate that hold the true number."""

    @property
    def holds(self) -> bool:
        """Whether what is promised holds: every range, and the number for a named effect where the spread is known."""
        wanted = WANTED - MONTE_CARLO * monte_carlo_error(WANTED, self.studies)
        return self.in_range >= wanted and (self.n < ENOUGH or self.right_given >= wanted)


def powers(studies: int) -> Iterator[Power]:
    """The power of the test of a pair."""
    for n in SEEDS:
        for effect in EFFECTS:
            differences = generator("power", n, f"{effect:g}").standard_normal((studies, n)) - effect
            shown = int((below_and_above(differences, 0.0).support <= ALPHA).sum())
            yield Power(effect, n, studies, shown, power(effect, n, alpha=ALPHA))


def seeds_estimates(studies: int) -> Iterator[SeedsEstimate]:
    """Estimates of the number of seeds from normal differences."""
    for n in PILOTS:
        for effect in EFFECTS:
            differences = generator("seeds", n, f"{effect:g}").standard_normal((studies, n)) + effect
            sd = differences.std(axis=-1, ddof=1)
            seen = np.abs(differences.mean(axis=-1)) / sd
            low, high = standardised_range(seen, n)
            needed = int(seeds_at(np.array([effect]))[0])
            yield SeedsEstimate(
                effect=effect,
                n=n,
                studies=studies,
                needed=needed,
                right=right(seeds_at(seen), needed),
                right_spread_known=right(seeds_at(np.abs(differences.mean(axis=-1))), needed),
                right_given=right(seeds_at(effect / sd), needed),
                in_range=float(((seeds_at(high) <= needed) & (needed <= seeds_at(low))).mean()),
            )


def seeds_at(standardised: Array) -> NDArray[np.int64]:
    """``seeds_for`` of many distances at ``ALPHA``, one more than the most where there are none."""
    smallest = _detectable()
    # The table falls with the number of seeds: how many numbers are not enough for each distance?
    return FEWEST + np.searchsorted(-smallest, -standardised, side="left")


@cache
def _detectable() -> Array:
    """Smallest distance that 3, 4, … seeds show with 80 % chance."""
    found = (detectable(1.0, n, alpha=ALPHA) for n in range(FEWEST, MAX_SEEDS + 1))
    return np.array([math.inf if distance is None else distance for distance in found])


def right(estimates: NDArray[np.int64], needed: int) -> float:
    """Share of ``estimates`` within the factor of the number ``needed``."""
    return float(((estimates * FACTOR >= needed) & (estimates <= FACTOR * needed)).mean())
