"""Durations and intervals as they are typed."""

import math

import pytest

from pkbench.cli.options import interval_of, seconds_of
from pkbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), (" 0.5s ", 0.5), ("1h", 3600)]
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("texts", "interval"),
    [
        (["60s"], (60, None)),
        (["5m", "10s"], (10, None)),
        (["2epochs"], (math.inf, 2)),
        (["1epoch"], (math.inf, 1)),
        (["10 epochs", "1h"], (3600, 10)),
    ],
)
def test_intervals(texts: list[str], interval: tuple[float, int | None]) -> None:
    assert interval_of(texts) == interval


@pytest.mark.parametrize("text", ["", "soon", "0s", "0epochs", "-1epochs", "2 epoch s", "1.5epochs", "epochs"])
def test_nonsense_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--checkpoint-every .*; write ") as error:
        interval_of([text])
    assert "\n" not in error.value.message
