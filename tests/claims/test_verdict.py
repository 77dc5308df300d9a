"""The estimate of a mean that members of families are shown with."""

import pytest

from pkbench.claims.verdict import Estimate, estimate


def test_no_value_has_no_mean_and_a_single_one_no_interval() -> None:
    assert estimate([], 0.05) == Estimate(0, None, None, None)
    assert estimate([4.0], 0.05) == Estimate(1, 4.0, None, None)


def test_two_values_have_an_interval() -> None:
    # t = tan(0.45 pi) = 6.313752 with one degree at 90 %, error sqrt 2 / sqrt 2 = 1.
    found = estimate([4.0, 6.0], 0.1)
    assert (found.n, found.mean) == (2, 5.0)
    assert (found.low, found.high) == pytest.approx((5 - 6.313752, 5 + 6.313752))
    assert estimate([4.0, 4.0], 0.1) == Estimate(2, 4.0, None, None)
