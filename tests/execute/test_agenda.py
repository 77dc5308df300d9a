"""How long several specs are said to take: by a clock of our own."""

import time
from pathlib import Path

import pytest

from pkbench.errors import UsageError
from pkbench.execute.agenda import _START, Agenda, agenda
from pkbench.execute.forecast import known_epochs
from pkbench.execute.prepare import Selection, prepare
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from tests.small import write_small


class Clock:
    """Tells the time that it is set to."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_at_first_the_sum_is_told_and_then_at_the_pace_that_was_seen() -> None:
    clock = Clock()
    told = Agenda([600.0, 300.0, 100.0], clock)
    assert told.begin(0) == 1000.0
    clock.now += 1260.0  # 600 s were expected: at half the pace
    assert told.begin(1) == pytest.approx(400.0 * 1320 / 660)
    clock.now += 640.0
    assert told.begin(2) == pytest.approx(100.0 * 1960 / 960)


def test_a_spec_of_which_nothing_was_expected_says_nothing_about_the_pace() -> None:
    clock = Clock()
    told = Agenda([600.0, 0.0, 300.0, 100.0], clock)
    assert told.begin(0) == 1000.0
    clock.now += 540.0
    assert told.begin(1) == pytest.approx(400.0 * 600 / 660)
    clock.now += 57.0
    assert told.begin(2) == pytest.approx(400.0 * 600 / 660)
    clock.now += 300.0
    assert told.begin(3) == pytest.approx(100.0 * 900 / 960)


def test_nothing_is_told_while_a_spec_to_come_is_unknown() -> None:
    told = Agenda([10.0, None, 20.0], Clock())
    assert told.begin(0) is None
    assert told.begin(1) is None
    assert told.begin(2) is not None


def test_what_runs_took_before_is_known_of_the_device_that_auto_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    loaded, results = load_spec(write_small(tmp_path)), tmp_path / "results"
    fresh = Selection(fresh=True)
    assert known_epochs(prepare(loaded, fresh, results), "auto", "auto") == {}
    assert agenda([(loaded, results)], fresh, "auto", 1, "auto").begin(0) is None

    started = time.monotonic()
    Session(loaded, Selection(), Options(results, device="auto", jobs=1)).run(lambda _event: None, lambda: False)
    took = time.monotonic() - started
    known = known_epochs(prepare(loaded, fresh, results), "auto", "auto")
    assert len(known) == 6
    expected = agenda([(loaded, results)], fresh, "auto", 1, "auto").begin(0)
    assert expected is not None
    assert 0 < expected - _START < took, "the runs' own time, and starting"
    assert agenda([(loaded, results)], Selection(), "auto", 1, "auto").begin(0) == 0


def test_a_profile_that_one_of_them_lacks_is_told_before_any_runs(tmp_path: Path) -> None:
    loaded = load_spec(write_small(tmp_path))
    with pytest.raises(UsageError, match="no profile paper"):
        agenda([(loaded, tmp_path / "results")], Selection("paper"), "cpu", 1, "auto")
