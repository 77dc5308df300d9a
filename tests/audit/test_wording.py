"""Numbers in words, and the rule of the stated digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.audit.wording import compared, number, percent, same_digits


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (124672, "124,672"),
        (0, "0"),
        (-5.0, "-5"),
        (276_274_176, "276.3 M"),
        (999_999_999, "1 G"),
        (1e6, "1 M"),
        (999_999, "999,999"),
        (23.2e12, "23.2 T"),
        (4.57, "4.57"),
        (0.011111, "0.01111"),
        (123456.7, "123,500"),
        (999_999.5, "1 M"),
        (2e-7, "2e-07"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_number_with_more_digits() -> None:
    assert number(290217984, 9) == "290.217984 M"


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.0834, "8.3 %"), (0.1165, "12 %"), (1.1, "110 %"), (0.00014, "0.014 %")]
)
def test_percent(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("value", "reference", "text"),
    [
        (5, 5, "the same"),
        (108.3, 100, "8.3 % more"),
        (92, 100, "8 % less"),
        (200, 100, "more by a factor of 2"),
        (10, 99.9, "less by a factor of 9.99"),
        (50, 100, "less by a factor of 2"),
    ],
)
def test_compared(value: float, reference: float, text: str) -> None:
    assert compared(value, reference) == text


@pytest.mark.parametrize(
    ("value", "stated", "digits", "same"),
    [
        (255_945_824, 256e6, 3, True),
        (255_945_824, 255e6, 3, False),
        (124_672, 1.2e5, 2, True),
        (125_100, 1.2e5, 2, False),
        (95_100, 1.0e5, 2, False),  # two digits of it are 9.5e4
        (99_600, 1.0e5, 2, True),
        (0.76562, 0.766, 3, True),
    ],
)
def test_same_digits(value: float, stated: float, digits: int, same: bool) -> None:
    assert same_digits(value, stated, digits) is same


@given(value=st.floats(1e-9, 1e15), digits=st.integers(1, 15))
def test_a_value_has_the_digits_of_its_rounding_and_not_of_the_next(value: float, digits: int) -> None:
    rounded = float(f"{value:.{digits - 1}e}")
    assert same_digits(value, rounded, digits)
    assert not same_digits(value, rounded * (1 + 1.5 * 10 ** (1 - digits)), digits)
