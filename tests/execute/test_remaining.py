"""The time left that is told: of epochs that end at times of our own choosing."""

from dataclasses import replace

import pytest

from pkbench.execute.events import EpochEnded, Event, RunEnded, RunStarted
from pkbench.execute.remaining import Remaining, _size
from pkbench.plan.run import Run
from pkbench.sizes.mixer import MixerShape
from pkbench.train.result import EpochResult
from tests.small import small_runs

EPOCHS = 10


def runs_of(count: int, epochs: int = EPOCHS) -> list[Run]:
    return small_runs(epochs=epochs)[:count]


class World:
    """A clock, and runs whose events are told when it says so."""

    def __init__(self, runs: list[Run], expected: dict[str, float] | None = None) -> None:
        self.now = 1000.0
        self.ids = [str(run.run_id) for run in runs]
        self.remaining = Remaining(runs, expected or {}, lambda: self.now)

    def tell(self, *events: Event, after: float = 0.0) -> None:
        self.now += after
        for event in events:
            self.remaining.event(event)

    def started(self, run: int, resumed_after: int = 0) -> Event:
        return RunStarted(self.ids[run], resumed_after)

    def epoch(self, run: int, number: int) -> Event:
        nan = float("nan")
        return EpochEnded(self.ids[run], EpochResult(number, nan, nan, nan, nan, nan, nan, nan, nan, nan))

    def ended(self, run: int) -> Event:
        return RunEnded(self.ids[run], "finished", "", 1.0)

    def left(self) -> float | None:
        return self.remaining.seconds()


def test_nothing_is_told_before_an_epoch_has_ended() -> None:
    world = World(runs_of(2))
    assert world.left() is None
    world.tell(world.started(0))
    assert world.left() is None
    world.tell(world.epoch(0, 1), after=3.0)
    assert world.left() == pytest.approx(9 * 3 + 10 * 3)


def test_it_counts_down_between_epochs_and_never_below_zero() -> None:
    world = World(runs_of(1))
    world.tell(world.started(0))
    world.tell(world.epoch(0, 1), after=3.0)
    world.tell(after=2.0)
    assert world.left() == pytest.approx(25.0)
    world.tell(after=100.0)
    assert world.left() == 0.0


def test_two_at_a_time_take_half() -> None:
    world = World(runs_of(4))
    world.tell(world.started(0), world.started(1))
    world.tell(world.epoch(0, 1), world.epoch(1, 1), after=2.0)
    assert world.left() == pytest.approx((2 * 9 + 2 * 10) * 2 / 2)


def test_at_the_end_the_longest_run_is_what_is_waited_for() -> None:
    world = World(runs_of(2))
    world.tell(world.started(0), world.started(1, 9))
    world.tell(world.epoch(0, 1), world.epoch(1, 10), world.ended(1), after=2.0)
    assert world.left() == pytest.approx(18.0)


def test_what_lies_between_runs_is_part_of_the_rate() -> None:
    """An epoch takes a second, loading and saving a run ten more."""
    world = World(runs_of(3))
    for run in range(2):
        world.tell(world.started(run))
        for number in range(1, EPOCHS + 1):
            world.tell(world.epoch(run, number), after=1.0)
        world.tell(world.ended(run), after=10.0)
    assert world.left() == pytest.approx(20.0)


def test_epochs_of_an_earlier_session_are_no_work_done() -> None:
    world = World(runs_of(1))
    world.tell(world.started(0, 8))
    world.tell(world.epoch(0, 9), after=5.0)
    assert world.left() == pytest.approx(5.0)


def test_runs_that_another_process_ended_are_no_work_left() -> None:
    world = World(runs_of(2))
    world.tell(world.started(0))
    world.tell(world.epoch(0, 1), after=1.0)
    world.tell(world.ended(1))
    assert world.left() == pytest.approx(9)
    world.tell(world.ended(0))
    assert world.left() == 0.0


def test_a_run_that_begins_anew_is_work_again() -> None:
    world = World(runs_of(1))
    world.tell(world.started(0))
    world.tell(world.epoch(0, 1), after=2.0)
    world.tell(world.epoch(0, 2), after=2.0)
    world.tell(world.started(0))
    assert world.left() == pytest.approx(20.0)


def other_cost(run: Run, C: int) -> Run:
    """Of another width, so that nothing seen says what it costs."""
    config = {**run.config, "model": {**run.config["model"], "C": C}}
    assert isinstance(run.shape, MixerShape)
    return replace(run, config=config, shape=replace(run.shape, C=C), run_id=f"{C:016x}")


def test_costs_not_seen_yet_are_those_of_records_at_todays_speed() -> None:
    seen, *_ = runs_of(1)
    other = other_cost(seen, 99)
    world = World([seen, other], {str(seen.run_id): 1.0, str(other.run_id): 4.0})
    world.tell(world.started(0))
    world.tell(world.epoch(0, 1), after=2.0)
    assert world.left() == pytest.approx(9 * 2 + 10 * 8)


def test_without_records_sizes_say_it() -> None:
    seen, *_ = runs_of(1)
    wide = other_cost(seen, 99)
    world = World([seen, wide])
    world.tell(world.started(0))
    world.tell(world.epoch(0, 1), after=2.0)
    ratio = _size(wide) / _size(seen)
    assert ratio > 10
    assert world.left() == pytest.approx(9 * 2 + 10 * 2 * ratio)


def test_a_clock_that_stands_still_divides_by_nothing() -> None:
    world = World(runs_of(2))
    world.tell(world.started(0), world.epoch(0, 1))
    assert world.left() == 0.0
