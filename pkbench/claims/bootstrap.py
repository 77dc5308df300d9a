"""A bootstrap interval beside the t interval: what the seeds say without taking differences for normal."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from pkbench.claims.statistics import deviation

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
    from scipy.stats import bootstrap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a degenerate jackknife is told by its NaN, below
        found = bootstrap(
            (np.sort(np.asarray(values)),),
            np.mean,
            confidence_level=1 - alpha,
            n_resamples=RESAMPLES,
            method="BCa",
            rng=np.random.default_rng(0),
        ).confidence_interval
    low, high = float(found.low), float(found.high)
    return None if np.isnan(low + high) else (low, high)
