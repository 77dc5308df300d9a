import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pkbench.bench import measure
from pkbench.bench.measure import MOST_STEPS, Measured, measure_variants, settings, steps_in_sample, too_large
from pkbench.bench.variant import Label, Training, UnavailableError, Variant

CPU = torch.device("cpu")


class Fake:
    """A training that writes down what is done to it; compiles a graph where told to."""

    def __init__(self, name: str, log: list[str], fails_at: int = -1, compiles_at: tuple[int, ...] = (0,)) -> None:
        self.name, self.log, self.fails_at, self.compiles_at = name, log, fails_at, compiles_at
        self.steps = 0
        self.made = 0

    def _log(self, what: str) -> None:
        self.log.append(f"{self.name} {what}")

    def data(self) -> None:
        self._log("data")

    def step(self) -> None:
        if self.steps == self.fails_at:
            raise RuntimeError("broken\nover lines")
        self.made += self.steps in self.compiles_at
        self.steps += 1
        self._log("step")

    def evaluate(self) -> None:
        self._log("evaluate")

    def held(self) -> int:
        return 1000

    def graphs(self) -> int:
        return self.made

    def close(self) -> None:
        self._log("close")


@pytest.fixture(autouse=True)
def short_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "steps_in_sample", lambda _: 3)


def variant(name: str, build: Callable[[], Training], owner: str = "peer") -> Variant:
    return Variant(Label(name, owner, "normal"), build)  # type: ignore[arg-type]


def measured(variants: list[Variant], rounds: int = 2, refusal: Callable[[Label], str | None] = lambda _: None):  # type: ignore[no-untyped-def]
    return measure_variants(variants, refusal, rounds=rounds, device=CPU, say=lambda _: None)


def test_every_variant_has_a_turn_in_every_round() -> None:
    log: list[str] = []
    names = ["a", "b", "c"]
    found = measured([variant(name, lambda name=name: Fake(name, log)) for name in names], rounds=5)
    assert [one.label.name for one in found] == names
    for one in found:
        assert len(one.steps) == len(one.data) == len(one.evaluations) == 5
        assert min(one.steps) > 0
    # Each variant is evaluated once at its start and once in each of its turns; a round is a turn of each.
    turns = [line for line in log if line.endswith(" evaluate")][3:]
    rounds = [turns[i : i + 3] for i in range(0, 15, 3)]
    assert all(sorted(line[0] for line in one) == names for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1
    assert log[-3:] == ["a close", "b close", "c close"]


def test_a_turn_is_whole() -> None:
    log: list[str] = []
    measured([variant("a", lambda: Fake("a", log))], rounds=1)
    starting = ["a step", "a evaluate", "a step", "a step", "a step"]
    turn = ["a step", *["a step"] * 3, *["a data"] * 3, "a evaluate"]
    assert log == [*starting, *turn, "a close"]


def test_a_peer_that_fails_is_a_reason_and_the_rest_goes_on() -> None:
    def missing() -> Training:
        raise UnavailableError("timm is not installed")

    log: list[str] = []
    made = [
        variant("missing", missing),
        variant("first", lambda: Fake("first", log, fails_at=0)),
        variant("later", lambda: Fake("later", log, fails_at=5)),
        variant("good", lambda: Fake("good", log)),
    ]
    found = {one.label.name: one for one in measured(made)}
    assert found["missing"].reason == "timm is not installed"
    assert found["first"].reason == found["later"].reason == "RuntimeError: broken"
    assert found["good"].reason is None
    assert len(found["good"].steps) == 2
    assert log.count("later close") == 1


def test_our_own_failure_is_seen() -> None:
    log: list[str] = []
    with pytest.raises(RuntimeError, match="broken"):
        measured([variant("good", lambda: Fake("good", log)), variant("x", lambda: Fake("x", log, 0), "ours")])
    assert log[-1] == "good close"


def test_what_is_refused_is_never_built() -> None:
    def never() -> Training:
        raise AssertionError

    (found,) = measured([variant("a", never, "ours")], refusal=lambda label: f"{label.name} is slow")
    assert (found.reason, found.steps) == ("a is slow", [])


def test_graphs_after_the_warm_up_are_recompilations() -> None:
    (found,) = measured([variant("a", lambda: Fake("a", [], compiles_at=(0, 2, 6, 9)))], rounds=3)
    assert (found.warm_graphs, found.graphs) == (2, 4)


def test_long_reasons_are_cut() -> None:
    class Wordy(Fake):
        def step(self) -> None:
            raise ValueError("x" * 500)

    class Silent(Fake):
        def step(self) -> None:
            raise KeyboardInterrupt

    (found,) = measured([variant("a", lambda: Wordy("a", []))])
    assert found.reason is not None
    assert len(found.reason) == 160
    assert found.reason.startswith("ValueError: xxx")
    with pytest.raises(KeyboardInterrupt):
        measured([variant("a", lambda: Silent("a", []))])


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, MOST_STEPS), (0.001, 50), (0.03, 3), (0.1, 1), (7.0, 1)])
def test_steps_in_a_sample(seconds: float, steps: int) -> None:
    assert steps_in_sample(seconds) == steps


def test_settings_are_put_back() -> None:
    def now() -> tuple[int, str | None]:
        return torch.get_num_threads(), os.environ.get("TORCHINDUCTOR_CACHE_DIR")

    before = now()
    with settings(before[0] + 1):
        threads, cache = now()
        assert threads == before[0] + 1
        assert cache is not None
        assert cache != before[1]
        assert not list(Path(cache).iterdir())
    assert now() == before
    assert not Path(cache).exists()


def test_a_measurement_begins_empty() -> None:
    assert Measured(Label("a", "peer", "normal")).steps == []


def test_what_memory_does_not_hold_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hungriest so far says what the next may take; what was started goes on."""
    free = iter([8e9, 5e9, 3.4e9, 3.7e9])
    monkeypatch.setattr(measure, "free_memory", lambda _: next(free))
    growth = iter([1e9, 3e9, 2e9])
    monkeypatch.setattr(measure.RssGrowth, "bytes", lambda _: int(next(growth)))
    log: list[str] = []
    found = measured([variant(name, lambda name=name: Fake(name, log)) for name in "abcd"])
    assert [one.reason for one in found] == [
        None,
        None,
        "no memory for one more: b took 3 GB, and 3.4 GB are free",
        None,
    ]
    assert [len(one.steps) for one in found] == [2, 2, 0, 2]


def test_on_a_device_its_own_memory_counts() -> None:
    label = Label("a", "ours", "normal")
    started = [Measured(label, peak=int(2e9), peak_kind="device peak", rss=int(9e9))]
    assert too_large(started, int(2.5e9)) is None
    assert too_large(started, int(2.3e9)) == "no memory for one more: a took 2 GB, and 2.3 GB are free"
    assert too_large([Measured(label, rss=None)], 0) is None


def test_what_forks_is_started_first_and_stays_in_its_place() -> None:
    """A copy of a process keeps its pages as they were, twice over once the process writes to them."""
    log: list[str] = []
    made = [variant(name, lambda name=name: Fake(name, log)) for name in "abc"]
    found = measured([made[0], replace(made[1], forks=True), made[2]], rounds=1)
    assert [one.label.name for one in found] == ["a", "b", "c"]
    assert list(dict.fromkeys(line[0] for line in log)) == ["b", "a", "c"]
