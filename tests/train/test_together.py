"""Trainings in lockstep: each comes out as it does alone, whatever becomes of the others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from pkbench.plan.run import Run
from pkbench.train.engines.batch_last.stack import Stack
from pkbench.train.result import EpochResult
from pkbench.train.steps import StackError, Steps
from pkbench.train.together import compute_together
from pkbench.train.trainer import DivergedError, Trainer
from tests.small import small_data, small_runs, trained

from .test_trainer import ADAMW, CPU, numbers


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the recipe has it: with several, a stack and a run alone share out their sums differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Member:
    """A run in a stack, stopped after ``stop_after`` steps where that is given."""

    def __init__(self, run: Run, *, state: dict[str, Any] | None = None, stop_after: int | None = None) -> None:
        self.trainer = Trainer(run, small_data(), CPU, "batch-last")
        if state is not None:
            self.trainer.load_state(state)
        self.results: list[EpochResult] = []
        self.stop_after = stop_after
        self.steps_made = 0
        self.diverged = False
        self.closed = False

    def steps(self) -> Steps:
        try:
            yield from self.trainer.steps(self._count, self.results.append)
        except DivergedError:
            self.diverged = True
        except InterruptedError:
            return
        except GeneratorExit:
            self.closed = True
            raise

    def _count(self) -> None:
        self.steps_made += 1
        if self.steps_made == self.stop_after:
            raise InterruptedError

    @property
    def outcome(self) -> tuple[object, ...]:
        return [numbers(result) for result in self.results], self.trainer.weights_sha256()


def alone(run: Run) -> tuple[object, ...]:
    trainer = Trainer(run, small_data(), CPU, "batch-last")
    return [numbers(result) for result in trained(trainer)], trainer.weights_sha256()


def together(*members: Member) -> None:
    compute_together([member.steps() for member in members])


def two_rates(**train: Any) -> list[Run]:
    """Normal and permuted, two rates, two seeds."""
    return [run for run in small_runs(optimizer=ADAMW | {"lr": [0.01, 0.003]}, **train) if run.seed < 2]


@pytest.mark.parametrize("train", [{}, {"drop_last": False}, {"stochastic_depth": 0.3, "clip_norm": 1.0}], ids=str)
def test_a_sweep_is_its_runs_alone_bit_for_bit(train: dict[str, Any]) -> None:
    runs = two_rates(**train)
    members = [Member(run) for run in runs]
    together(*members)
    assert len(members) == 8
    for run, member in zip(runs, members, strict=True):
        assert member.outcome == alone(run)
        assert len(member.results) == 3


def test_one_that_diverges_leaves_the_others_as_they_were() -> None:
    first, second, third, *_ = two_rates()
    members = [Member(first), Member(replace(second, lr=1e30)), Member(third)]
    together(*members)
    assert [member.diverged for member in members] == [False, True, False]
    assert members[0].outcome == alone(first)
    assert members[2].outcome == alone(third)
    assert not members[1].results


@pytest.mark.parametrize("drop_last", [True, False])
def test_runs_of_all_ages_share_a_stack(drop_last: bool) -> None:
    """Some stopped in an epoch, or in its evaluation, go on beside one that begins; with a smaller last batch they first meet at an epoch's start."""
    runs = two_rates(drop_last=drop_last)[:3]
    stopped = [Member(runs[0], stop_after=1), Member(runs[1], stop_after=5)]
    together(*stopped)
    assert [member.steps_made for member in stopped] == [1, 5]
    states = [*(member.trainer.state() for member in stopped), None]
    members = [Member(run, state=state) for run, state in zip(runs, states, strict=True)]
    together(*members)
    for run, member, before in zip(runs, members, [*(len(member.results) for member in stopped), 0], strict=True):
        expected, weights = alone(run)
        assert isinstance(expected, list)
        assert member.outcome == (expected[before:], weights)


def test_a_checkpoint_of_one_has_nothing_of_the_others() -> None:
    runs = two_rates()
    single = Member(runs[0], stop_after=2)
    together(single)
    members = [Member(run, stop_after=2) for run in runs]
    together(*members)
    state = members[0].trainer.state()
    for name, tensor in single.trainer.state()["model"].items():
        assert torch.equal(state["model"][name], tensor)
        assert state["model"][name].untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


def test_what_ends_before_its_first_step_is_no_matter() -> None:
    def nothing() -> Steps:
        return
        yield

    member = Member(two_rates()[0])
    compute_together([nothing(), member.steps(), nothing()])
    assert member.outcome == alone(two_rates()[0])
    compute_together([])


def failing(at: int, steps: Callable[..., Any]) -> Callable[..., Any]:
    calls = 0

    def step(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise torch.OutOfMemoryError("no room for all")
        return steps(*arguments)

    return step


def test_a_step_that_fails_closes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "step", failing(3, Stack.step))
    members = [Member(run) for run in two_rates()[:2]]
    with pytest.raises(StackError, match="no room for all"):
        together(*members)
    assert [member.steps_made for member in members] == [2, 2]
    assert all(member.closed for member in members)
    assert not any(member.diverged for member in members)
