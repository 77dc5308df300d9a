"""How much a comparison scatters between seeds, made better known by the other comparisons of the same spec.

A handful of seeds hardly knows its own deviation. The comparisons of one spec scatter much alike, though, and how much
alike they are can be seen in them: empirical Bayes as in Smyth (2004), "Linear models and empirical Bayes methods for
assessing differential expression", §3 and §6.2. It serves planning only: verdicts rest on their own seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_ALIKE = 1e-6
"""Variance of the logarithms of true variances below which they count as equal."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The deviation ``sd`` (> 0) of ``n`` (≥ 2) observations, in the unit of what was observed.

    Attributes:
        kind: what was observed; only spreads of one kind say anything about each other.
        of: ids of the runs behind it, so that one comparison that several claims ask for is counted once.
        sd: standard deviation with ``n - 1``.
        n: observations.
    """

    kind: tuple[str, ...]
    of: tuple[str, ...]
    sd: float
    n: int


def distinct(spreads: Sequence[Spread], kind: tuple[str, ...]) -> list[Spread]:
    """The ``spreads`` of ``kind``, one for each comparison."""
    return list({_compared(spread): spread for spread in spreads if spread.kind == kind}.values())


def moderated(own: Sequence[Spread], known: Sequence[Spread]) -> list[float]:
    """Deviations of ``own``, each drawn towards what all ``known`` ones have in common; they are among these."""
    import numpy as np

    variances = moderated_variances(
        np.array([spread.sd**2 for spread in known]), np.array([spread.n - 1.0 for spread in known])
    )
    places = [_compared(spread) for spread in known]
    return [math.sqrt(variances[places.index(_compared(spread))]) for spread in own]


def moderated_variances(variances: Array, df: Array) -> Array:
    """Posterior means of true variances, along the last axis of ``variances`` (> 0) with ``df`` degrees of freedom each.

    True variances are taken for scaled inverse chi-squared with ``prior`` degrees of freedom around a common one, both
    estimated from the logarithms' mean and variance. Where these vary no more than chance makes them, all are one.
    """
    import numpy as np
    from scipy.special import polygamma

    count = variances.shape[-1]
    if count == 1:
        return variances
    logs = np.log(variances) - _mean_log(df)
    centre = logs.mean(axis=-1, keepdims=True)
    excess = (logs - centre) ** 2 * count / (count - 1) - polygamma(1, df / 2)
    differ = np.asarray(excess.mean(axis=-1, keepdims=True))
    alike = differ <= _ALIKE
    prior = 2 * inverse_trigamma(np.where(alike, 1.0, differ))
    common = np.exp(centre + _mean_log(prior))
    pooled = (variances * df).sum(axis=-1, keepdims=True) / df.sum()
    drawn: Array = (prior * common + df * variances) / (prior + df)
    return np.where(alike, pooled, drawn)


def inverse_trigamma(values: Array) -> Array:
    """The ``x`` with ``trigamma(x) = value``, for values > 0: Newton's method from below, as in Smyth (2004), appendix."""
    import numpy as np
    from scipy.special import polygamma

    x = 0.5 + 1 / values
    for _ in range(50):
        trigamma = polygamma(1, x)
        step = trigamma * (1 - trigamma / values) / polygamma(2, x)
        x = x + step
        if np.all(-step <= 1e-10 * x):
            break
    return np.asarray(x)


def _mean_log(df: Array) -> Array:
    """Mean of the logarithm of a chi-squared variate over its ``df`` degrees of freedom."""
    import numpy as np
    from scipy.special import digamma

    return np.asarray(digamma(df / 2) - np.log(df / 2))


def _compared(spread: Spread) -> tuple[str, ...]:
    """The runs behind it, however they are ordered."""
    return tuple(sorted(spread.of))
