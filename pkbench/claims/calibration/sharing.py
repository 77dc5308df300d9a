"""How good a required number of seeds is for an effect named beforehand, the more comparisons share what they know of the spread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from pkbench.claims.calibration.planning import WANTED, right, seeds_at
from pkbench.claims.calibration.rates import MONTE_CARLO, SEEDS, monte_carlo_error
from pkbench.claims.calibration.shapes import Array, generator
from pkbench.claims.power import deviation_range
from pkbench.claims.spread import moderated_variances

EFFECTS: Final = (0.5, 1.0, 1.5)
"""Distances of the named effect from the boundary, in true deviations; larger ones need a handful of seeds anyway."""
COMPARISONS: Final = (1, 4, 8, 16)
"""Comparisons of the spec."""
SEEDS_OF_EACH: Final = 5
"""Seeds of one comparison from which the number is promised to be right …"""
KNOWN: Final = 32
"""… where all comparisons together have so many degrees of freedom and scatter alike."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """How the comparisons of a spec scatter: ``differing`` is the deviation of the logarithms of their true deviations."""

    name: str
    differing: float = 0.0
    baseline: bool = False
    """Whether all are with one model, so that they are correlated (by one half)."""

    def variances(self, n: int, comparisons: int, effect: float, studies: int) -> tuple[Array, Array]:
        """True and observed variances, ``(studies, comparisons)``."""
        random = generator("sharing", self.name, n, comparisons, f"{effect:g}")
        true = np.exp(2 * self.differing * random.standard_normal((studies, comparisons)))
        drawn = random.standard_normal((studies, comparisons, n))
        if self.baseline:
            drawn = (drawn + random.standard_normal((studies, 1, n))) / math.sqrt(2)
        return true, true * drawn.var(axis=-1, ddof=1)


SCATTERS: Final = (
    Scatter("alike"),
    Scatter("alike, all against one model", baseline=True),
    Scatter("differing by a third", differing=0.3),
    Scatter("differing by two thirds", differing=0.6),
)


@dataclass(frozen=True, slots=True)
class SharedEstimate:
    """Of one comparison among ``comparisons``, ``n`` seeds each, where the named ``effect`` takes ``needed`` seeds."""

    scatter: Scatter
    n: int
    comparisons: int
    effect: float
    studies: int
    needed: int
    right: float
    """Share of estimates within the factor."""
    in_range: float
    """Share of the ranges beside the estimate that hold the true number."""

    @property
    def promised(self) -> bool:
        """Whether the number itself is promised to be right, not only its range."""
        alike = not self.scatter.differing and not self.scatter.baseline
        return alike and self.n >= SEEDS_OF_EACH and self.comparisons * (self.n - 1) >= KNOWN

    @property
    def holds(self) -> bool:
        """Whether what is promised holds, as far as so many studies can tell."""
        wanted = WANTED - MONTE_CARLO * monte_carlo_error(WANTED, self.studies)
        return self.in_range >= wanted and (not self.promised or self.right >= wanted)


def shared_estimates(studies: int) -> Iterator[SharedEstimate]:
    """Estimates of the first comparison of every study."""
    for scatter in SCATTERS:
        for comparisons in COMPARISONS:
            for n in SEEDS:
                for effect in EFFECTS:
                    yield _estimate(scatter, n, comparisons, effect, studies)


def _estimate(scatter: Scatter, n: int, comparisons: int, effect: float, studies: int) -> SharedEstimate:
    true, observed = scatter.variances(n, comparisons, effect, studies)
    found = moderated_variances(observed, np.full(comparisons, n - 1.0))
    standardised = effect * np.sqrt(true[:, 0] / found[:, 0])
    small, large = deviation_range(n)
    needed = int(seeds_at(np.array([effect]))[0])
    fewest, most = seeds_at(large * standardised), seeds_at(small * standardised)
    return SharedEstimate(
        scatter=scatter,
        n=n,
        comparisons=comparisons,
        effect=effect,
        studies=studies,
        needed=needed,
        right=right(seeds_at(standardised), needed),
        in_range=float(((fewest <= needed) & (needed <= most)).mean()),
    )
