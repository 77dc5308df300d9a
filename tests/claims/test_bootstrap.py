"""The bootstrap interval: BCa by its definition, and when there is none."""

import math
import warnings
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from pkbench.claims.bootstrap import FEWEST_FOR_BOOTSTRAP, RESAMPLES, bca_interval

VALUES = [-1.0, -2.0, -3.5, -0.5, -2.5, -9.0]
NORMAL = NormalDist()


def test_too_few_values_have_none() -> None:
    assert FEWEST_FOR_BOOTSTRAP == 5
    assert bca_interval(VALUES[:4], alpha=0.05) is None
    assert bca_interval(VALUES[:5], alpha=0.05) is not None
    assert bca_interval([], alpha=0.05) is None


def test_values_without_spread_have_none() -> None:
    assert bca_interval([2.0] * 6, alpha=0.05) is None
    # As for the t test, rounding noise is no spread.
    noisy = [0.3 - 0.2, 0.8 - 0.7, 50.1 - 50.0, 0.1, 0.1]
    assert len(set(noisy)) > 1
    assert bca_interval(noisy, alpha=0.05) is None


def bca(values: list[float], alpha: float) -> tuple[float, float]:
    """Efron 1987: percentiles of resampled means, moved by the bias z0 and the acceleration a of the jackknife."""
    x = np.array(values)
    draws = np.random.default_rng(12345).integers(0, len(x), (200_000, len(x)))
    means = np.sort(x[draws].mean(axis=1))
    share = (np.sum(means < x.mean()) + np.sum(means <= x.mean())) / (2 * len(means))
    z0 = NORMAL.inv_cdf(float(share))
    left_out = np.array([np.delete(x, i).mean() for i in range(len(x))])
    d = left_out.mean() - left_out
    a = float(np.sum(d**3) / (6 * np.sum(d**2) ** 1.5))
    ends = []
    for tail in (alpha / 2, 1 - alpha / 2):
        z = z0 + NORMAL.inv_cdf(tail)
        ends.append(float(np.quantile(means, NORMAL.cdf(z0 + z / (1 - a * z)))))
    return ends[0], ends[1]


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_it_is_bca(alpha: float) -> None:
    # The ends of 9999 draws are about a hundredth of the spread from those of very many.
    assert bca_interval(VALUES, alpha=alpha) == pytest.approx(bca(VALUES, alpha), abs=0.15)
    # Skewed values: not the percentile interval, which lies higher at both ends.
    assert RESAMPLES == 9999
    plain = np.quantile([np.random.default_rng(k).choice(VALUES, 6).mean() for k in range(4000)], alpha / 2)
    low, _ = bca_interval(VALUES, alpha=alpha) or (math.nan, math.nan)
    assert low < plain


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(-999, 999).map(lambda v: v / 100), min_size=5, max_size=12).filter(lambda v: len(set(v)) > 1),
    st.sampled_from([0.2, 0.05, 0.001, 1e-6]),
)
def test_it_is_scipys(values: list[float], alpha: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = bootstrap(
            (np.sort(values),),
            np.mean,
            confidence_level=1 - alpha,
            n_resamples=RESAMPLES,
            method="BCa",
            rng=np.random.default_rng(0),
        )
    low, high = found.confidence_interval
    assert bca_interval(values, alpha=alpha) == (
        None if np.isnan(low + high) else pytest.approx((low, high), rel=1e-12)
    )


def test_the_same_values_in_any_order_have_the_same() -> None:
    assert bca_interval(VALUES, alpha=0.05) == bca_interval(VALUES[::-1], alpha=0.05)


def test_values_that_defeat_the_method_have_none(recwarn: pytest.WarningsRecorder) -> None:
    # The cubes of the jackknife overflow.
    assert bca_interval([0.0, 0.0, 0.0, 0.0, 1e120], alpha=0.05) is None
    assert len(recwarn) == 0


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(-999, 999).map(lambda v: v / 100), min_size=5, max_size=8), st.sampled_from([0.05, 0.2]))
def test_it_lies_within_the_values_and_widens_with_alpha(values: list[float], alpha: float) -> None:
    found = bca_interval(values, alpha=alpha)
    if found is None:
        assert len(set(values)) == 1
        return
    low, high = found
    # Means of the same values are summed in several orders: up to rounding.
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    wider = bca_interval(values, alpha=alpha / 2)
    assert wider is not None
    assert wider[0] <= low + 1e-9
    assert wider[1] >= high - 1e-9
