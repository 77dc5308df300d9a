"""What a test says of itself besides its p values."""

import pytest

from pkbench.claims.statistics import Summary, from_summary, prediction


def test_a_prediction_has_the_values_number_and_spread() -> None:
    # 1, 2, 3 for a mean of three: the deviation is that of the values, not of the prediction.
    found = prediction([1.0, 2.0, 3.0], 5.0, 3, alpha=0.05)
    assert (found.n, found.sd, found.df) == (3, 1.0, 2)


def test_two_numbers_without_spread_have_no_degrees_of_freedom() -> None:
    found = from_summary(Summary(1.0, 0.0, 3), Summary(2.0, 0.0, 4), alpha=0.05)
    assert (found.df, found.n, found.bounds) == (0.0, 3, None)


def test_satterthwaites_degrees_by_hand() -> None:
    # Variances 1/3 and 4/4: (4/3)² / ((1/3)²/2 + 1/3) = (16/9) / (1/18 + 6/18) = 32/7.
    found = from_summary(Summary(2.0, 1.0, 3), Summary(5.0, 2.0, 4), alpha=0.05)
    assert found.df == pytest.approx(32 / 7)
    assert found.sd == pytest.approx(5**0.5)
