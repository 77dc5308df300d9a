import pytest

from pkbench.cli.options import seconds_of
from pkbench.cli.units import count, duration, ranges, size
from pkbench.errors import UsageError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (624, "624"),
        (9999, "9999"),
        (10_000, "10k"),
        (255_949_824, "256M"),
        (12.5, "12.5"),
        (2.9e8, "290M"),
        (999_600, "1M"),
        (63_104, "63.1k"),
    ],
)
def test_counts(value: float, text: str) -> None:
    assert count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (12.4, "12 s"),
        (130, "2 min 10 s"),
        (3725, "1 h 02 min"),
        (300 * 3600, "12.5 days"),
    ],
)
def test_durations(value: float, text: str) -> None:
    assert duration(value) == text


@pytest.mark.parametrize(("value", "text"), [(10, "10 B"), (1500, "1.5 kB"), (2.5e6, "2.5 MB"), (3.216e9, "3.22 GB")])
def test_sizes(value: float, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("numbers", "text"), [([4], "4"), ([0, 1], "0–1"), ([7, 2, 1, 0, 2], "0–2, 7"), ([0, 2, 4], "0, 2, 4"), ([], "")]
)
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400), ("2m5s", 125)]
)
def test_duration_input(text: str, value: float) -> None:
    assert seconds_of(text) == value


@pytest.mark.parametrize("text", ["", "0s", "soon", "1d", "-5s"])
def test_bad_duration_input(text: str) -> None:
    with pytest.raises(UsageError, match="30m"):
        seconds_of(text)
