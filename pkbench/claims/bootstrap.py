"""A bootstrap interval beside the t interval: what the seeds say without taking differences for normal.

Written out, because SciPy's own is in a module whose import takes longer than all verdicts of a spec. It gives the same
numbers to the last bit: the same draws, summed in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pkbench.claims.statistics import deviation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 9999
FEWEST_FOR_BOOTSTRAP = 5
"""With fewer values there are too few different resamples to speak of tails."""


def bca_interval(values: Sequence[float], *, alpha: float) -> tuple[float, float] | None:
    """The ``1 - alpha`` BCa interval (Efron 1987) of the mean; ``None`` for fewer than five values or no spread.

    Seeded: the same values give the same interval, whatever their order.
    """
    if len(values) < FEWEST_FOR_BOOTSTRAP or deviation(values) == 0.0:
        return None
    import numpy as np
    from scipy.special import ndtr, ndtri

    sample = np.sort(np.asarray(values))
    draws = np.random.default_rng(0).integers(0, len(sample), (RESAMPLES, len(sample)))
    means = np.sort(sample[draws].mean(axis=-1))
    mean = sample.mean()
    # Resampled means equal to the mean count half.
    below = np.count_nonzero(means < mean) + np.count_nonzero(means <= mean)
    bias = ndtri(below / (2 * RESAMPLES))
    ends = []
    with np.errstate(all="ignore"):  # a degenerate jackknife is told by its NaN
        acceleration = _acceleration(sample)
        # Half of what lies outside the interval, rounded as SciPy rounds it.
        tail = float(ndtri((1 - (1 - alpha)) / 2))
        for z in (bias + tail, bias - tail):
            level = float(ndtr(bias + z / (1 - acceleration * z)))
            if math.isnan(level):
                return None
            ends.append(_quantile(means, level))
    return ends[0], ends[1]


def _acceleration(sample: NDArray[np.float64]) -> float:
    """A sixth of the skewness of the means of ``sample`` with one value left out (Efron & Tibshirani 1993, eq. 15.36)."""
    import numpy as np

    n = len(sample)
    others = np.broadcast_to(sample, (n, n))[~np.eye(n, dtype=np.bool_)].reshape(n, n - 1).mean(axis=-1)
    influence = (n - 1) * (others.mean() - others)
    cubes, squares = np.sum(influence**3) / n**3, np.sum(influence**2) / n**2
    return float(1 / 6 * cubes / squares ** (3 / 2))


def _quantile(ordered: NDArray[np.float64], level: float) -> float:
    """The quantile of ``ordered`` at ``level``, linear between neighbours (Hyndman & Fan 1996, the seventh)."""
    place = level * len(ordered) + (1 - level)  # counted from 1
    below, share = int(place), place % 1
    above = min(below + 1, len(ordered))
    return float((1 - share) * ordered[below - 1] + share * ordered[above - 1])
