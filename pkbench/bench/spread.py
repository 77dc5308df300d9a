"""Medians, quartiles, and how far a ratio of medians may be off by noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pkbench.bench.results import Spread

RESAMPLES: Final = 5000
FEWEST: Final = 5
"""Measurements on each side below which nothing is called faster or slower."""


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles, interpolated linearly."""
    lower, median, upper = np.quantile(np.asarray(values, dtype=float), [0.25, 0.5, 0.75])
    return Spread(median=float(median), lower=float(lower), upper=float(upper))


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two medians; ``low`` and ``high`` are those of its 95 % interval, absent with too few measurements."""

    value: float
    low: float | None
    high: float | None


def ratio_of_medians(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """``median(above) / median(below)`` with a percentile bootstrap interval, both sides resampled by themselves; seeded."""
    value = float(np.median(above) / np.median(below))
    if min(len(above), len(below)) < FEWEST:
        return Ratio(value, None, None)
    generator = np.random.default_rng(0)

    def medians(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        drawn = generator.choice(np.asarray(values, dtype=float), (RESAMPLES, len(values)))
        found: np.ndarray[tuple[int], np.dtype[np.float64]] = np.median(drawn, axis=1)
        return found

    low, high = np.quantile(medians(above) / medians(below), [0.025, 0.975])
    return Ratio(value, float(low), float(high))
