"""Axes of the page's figures: parts of the way, round ticks, labels with room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.report.page.axes import Axis, Tick, of_sizes, of_values


def labels(axis: Axis) -> list[str]:
    return [tick.label for tick in axis.ticks]


def test_ticks_are_round_and_say_what_they_are() -> None:
    assert labels(of_values([-0.25, 0.93], ticks=6)) == ["−0.25", "0.00", "0.25", "0.50", "0.75"]
    assert labels(of_values([1.8, 3.1], ticks=6)) == ["1.75", "2.00", "2.25", "2.50", "2.75", "3.00"]
    assert labels(of_values([3.0, 64.0], ticks=5)) == ["20", "40", "60"]


def test_parts_of_the_way() -> None:
    axis = of_values([0.0, 10.0], ticks=5, from_zero=True)
    assert axis.low == 0.0
    assert axis.part(0.0) == 0.0
    assert axis.part(axis.high) == pytest.approx(1.0)
    assert axis.high == pytest.approx(10.4)
    assert (axis.inside(-1.0), axis.inside(99.0)) == (0.0, 1.0)
    for tick in axis.ticks:
        assert axis.low + tick.part * (axis.high - axis.low) == pytest.approx(float(tick.label))


def test_one_value_has_room_around_it() -> None:
    axis = of_values([0.0], ticks=5)
    assert axis.part(0.0) == pytest.approx(0.5)
    assert of_values([5.0], ticks=5).part(5.0) == pytest.approx(0.5)


def test_sizes_are_doublings_where_they_span_much() -> None:
    axis = of_sizes([16, 32, 64], width=300, reach=[])
    assert axis.logarithmic
    assert labels(axis) == ["16", "32", "64"]
    places = [axis.part(x) for x in (16, 32, 64)]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])
    assert axis.inside(0.0) == 0.0
    assert not of_sizes([10, 12], width=300, reach=[]).logarithmic


def test_labels_of_sizes_keep_apart() -> None:
    axis = of_sizes([100, 101, 102, 400], width=300, reach=[])
    assert labels(axis) == ["100", "400"]
    assert axis.ticks[1] == Tick(axis.part(400), "400")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_every_value_is_inside(values: list[float]) -> None:
    axis = of_values(values, ticks=6)
    assert all(0.0 <= axis.part(value) <= 1.0 for value in values)
    assert all(0.0 <= tick.part <= 1.0 for tick in axis.ticks)
    assert len(set(labels(axis))) == len(axis.ticks)
