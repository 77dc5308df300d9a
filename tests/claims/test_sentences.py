import pytest

from pkbench.claims.metrics import difference
from pkbench.claims.sentences import p_value, seeds


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "+1.23"), (-1.236, "−1.24"), (0.0, "+0.00"), (-0.001, "+0.00"), (0.001, "+0.00")]
)
def test_points(value: float, text: str) -> None:
    assert difference(value, "test_error") == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0371, "= 0.0371"),
        (0.05004, "= 0.05"),
        (0.0504, "= 0.0504"),
        (0.000999, "< 0.001"),
        (0.001, "= 0.001"),
        (1.0, "= 1"),
    ],
)
def test_p_values(p: float, text: str) -> None:
    assert p_value(p) == text


def test_no_test_is_no_evidence() -> None:
    assert p_value(None) == "= 1"


def test_seeds() -> None:
    assert (seeds(12), seeds(None)) == ("12", "more than 1000")
