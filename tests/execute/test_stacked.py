"""Whole sessions whose runs train as stacks: the same records as alone, whatever happens on the way."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from pkbench.claims.metrics import value_of
from pkbench.errors import UsageError
from pkbench.execute.events import EpochEnded, Event, RunEnded, RunStarted
from pkbench.execute.prepare import Prepared, Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from pkbench.store.record import Record
from pkbench.train.engines.batch_last.stack import Stack
from tests.essence import essence
from tests.small import write_small

from .test_session import Watched, children_of, essences, records

RATES = ("lr = [0.01]", "lr = [0.01, 0.003]")
LONG = ("epochs = 2", "epochs = 12")
EPOCHS = ("epochs = 2", "epochs = 3")
TWO_SEEDS = Selection(seeds=2)


class Stacked(Watched):
    """A session with stacks of up to ``stack`` runs."""

    def __init__(self, stack: int | None = 8, engine: str = "batch-last") -> None:
        super().__init__()
        self.stack = stack
        self.engine = engine

    def run(
        self, spec: Path, jobs: int = 1, selection: Selection | None = None, checkpoint_seconds: float = 60.0
    ) -> Prepared:
        options = Options(spec.parent.parent / "results", "cpu", jobs, checkpoint_seconds, self.engine, self.stack)
        return Session(load_spec(spec), selection or Selection(), options).run(self.emit, lambda: self.stop)


def stop_at(watched: Watched, epoch: int) -> None:
    def stop(event: Event) -> None:
        watched.stop = watched.stop or (isinstance(event, EpochEnded) and event.result.epoch == epoch)

    watched.on_event = stop


def how(spec: Path) -> set[tuple[str | None, int | None]]:
    return {(record.engine, record.stacked) for record in records(spec).values()}


def test_a_stacked_sweep_has_the_records_of_single_runs(tmp_path: Path) -> None:
    together, alone = write_small(tmp_path / "a", RATES, EPOCHS), write_small(tmp_path / "b", RATES, EPOCHS)
    watched = Stacked()
    watched.run(together, selection=TWO_SEEDS)
    Stacked(1).run(alone, selection=TWO_SEEDS)
    assert len(watched.ended("finished")) == 8
    assert essences(together) == essences(alone)
    assert (how(together), how(alone)) == ({("batch-last", 8)}, {("batch-last", None)})
    again = Stacked()
    again.run(together, selection=TWO_SEEDS)
    assert not again.events


def test_auto_with_a_wish_for_stacks_makes_them_on_a_cpu(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    Stacked(2, "auto").run(spec)
    assert len(records(spec)) == 6
    assert how(spec) == {("batch-last", 2)}


def test_with_a_wish_for_stacks_a_run_that_is_left_alone_keeps_its_engine(tmp_path: Path) -> None:
    """Its bytes are those it has in company."""
    together, alone = write_small(tmp_path / "a"), write_small(tmp_path / "b")
    Stacked(2, "auto").run(together, selection=Selection(only=("*/0",)))
    Stacked(2, "auto").run(alone, selection=Selection(only=("narrow/0",)))
    assert how(alone) == {("batch-last", None)}
    ((run_id, essential),) = essences(alone).items()
    assert essences(together)[run_id] == essential


def test_a_run_that_diverges_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    sgd = 'kind = "sgd"\nlr = [1e30, 0.01]\nweight_decay = 0.0\nmomentum = 0.0\nnesterov = false'
    adamw = 'kind = "adamw"\nlr = [0.01]\nweight_decay = 0.01\nbetas = [0.9, 0.999]\neps = 1e-8'
    together, alone = write_small(tmp_path / "a", (adamw, sgd)), write_small(tmp_path / "b", (adamw, sgd))
    one_seed = Selection(only=("*/0",))
    watched = Stacked()
    watched.run(together, selection=one_seed)
    Stacked(1).run(alone, selection=one_seed)
    assert (len(watched.ended("failed")), len(watched.ended("finished"))) == (2, 2)
    assert essences(together) == essences(alone)
    failures = [record.failure for record in records(together).values() if record.failure]
    assert {failure.kind for failure in failures} == {"diverged"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopping_saves_all_and_resuming_ends_where_single_runs_end(tmp_path: Path, jobs: int) -> None:
    whole, stopped = write_small(tmp_path / "a", RATES, LONG), write_small(tmp_path / "b", RATES, LONG)
    one_seed = Selection(only=("*/0",))
    Stacked(1).run(whole, selection=one_seed)
    watched = Stacked(2 * (3 - jobs))
    stop_at(watched, 3)
    watched.run(stopped, jobs, one_seed)
    # A worker that still loads libraries when the stop comes has begun nothing, and has nothing to say.
    assert len(watched.ended("interrupted")) in ({4} if jobs == 1 else {2, 4})
    assert not records(stopped)
    resumed = Stacked(3)
    resumed.run(stopped, jobs, one_seed)
    ages = {event.resumed_after for event in resumed.events if isinstance(event, RunStarted)}
    assert max(ages) >= 3
    # Those of one stack stopped within a step; another worker's may have been slower.
    assert jobs == 2 or ages <= {2, 3}
    assert essences(stopped) == essences(whole)
    assert not list((stopped.parent.parent / "results" / "small" / "checkpoints").iterdir())


def test_after_a_partial_store_what_is_left_goes_on_together(tmp_path: Path) -> None:
    """One is done, one was stopped alone, the rest are new: mixed ages in one stack."""
    spec, whole = write_small(tmp_path / "a", RATES, EPOCHS), write_small(tmp_path / "b", RATES, EPOCHS)
    Stacked(1).run(spec, selection=Selection(only=("narrow/1",)))
    stopped = Stacked(1)
    stop_at(stopped, 1)
    stopped.run(spec, selection=Selection(only=("random/0",)))
    assert stopped.ended("interrupted")
    rest = Stacked()
    rest.run(spec, selection=TWO_SEEDS)
    Stacked(1).run(whole, selection=TWO_SEEDS)
    assert len(rest.ended("finished")) == 6
    assert essences(spec) == essences(whole)
    assert how(spec) == {("batch-last", None), ("batch-last", 6)}


def test_fresh_computes_all_again(tmp_path: Path) -> None:
    spec = write_small(tmp_path, LONG)
    one_seed = Selection(only=("*/0",))
    watched = Stacked()
    stop_at(watched, 2)
    watched.run(spec, selection=one_seed)
    assert watched.ended("interrupted")
    fresh = Stacked()
    fresh.run(spec, selection=Selection(only=("*/0",), fresh=True))
    assert {event.resumed_after for event in fresh.events if isinstance(event, RunStarted)} == {0}
    assert {record.resumed_after for record in records(spec).values()} == {()}
    assert len(fresh.ended("finished")) == 2


def fails(step: Callable[..., Any], at: int, error: type[Exception]) -> Callable[..., Any]:
    calls = 0

    def failing(stack: Stack, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and len(stack.models) > 1:
            raise error("no room for all")
        return step(stack, *arguments)

    return failing


@pytest.mark.parametrize("fresh", [False, True])
def test_where_a_stack_does_not_fit_its_runs_go_on_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: bool
) -> None:
    spec, whole = write_small(tmp_path / "a", EPOCHS), write_small(tmp_path / "b", EPOCHS)
    Stacked(1).run(whole, selection=TWO_SEEDS)
    monkeypatch.setattr(Stack, "step", fails(Stack.step, 15, torch.OutOfMemoryError))
    watched = Stacked()
    selection = Selection(seeds=2, fresh=fresh)
    watched.run(spec, selection=selection, checkpoint_seconds=0.0)
    assert any("4 runs could not go on as one stack (no room for all)" in note for note in watched.notes)
    assert len(watched.ended("finished")) == 4
    assert essences(spec) == essences(whole)
    # They went on from the second epoch, that of the failure.
    assert {record.resumed_after for record in records(spec).values()} == {(1,)}


def test_too_little_memory_in_an_evaluation_is_the_stacks_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = Stack.logits

    def failing(stack: Stack, *arguments: Any) -> Any:
        if len(stack.models) > 1:
            raise torch.OutOfMemoryError("no room")
        return logits(stack, *arguments)

    monkeypatch.setattr(Stack, "logits", failing)
    spec = write_small(tmp_path)
    watched = Stacked()
    watched.run(spec, selection=Selection(only=("*/0",)))
    assert len(watched.ended("finished")) == 2
    assert how(spec) == {("batch-last", None)}


def test_a_worker_that_dies_costs_its_group_and_its_runs_go_on_one_by_one(tmp_path: Path) -> None:
    spec, whole = write_small(tmp_path / "a", RATES, LONG), write_small(tmp_path / "b", RATES, LONG)
    one_seed = Selection(only=("*/0",))
    Stacked(1).run(whole, selection=one_seed)
    watched = Stacked(2)
    killed: list[str] = []

    def kill_once(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.result.epoch == 2 and not killed:
            killed.append(event.run_id)
            os.kill(children_of(psutil.Process())[0].pid, signal.SIGKILL)

    watched.on_event = kill_once
    watched.run(spec, 2, one_seed)
    assert killed
    assert essences(spec) == essences(whole)
    stacked = [record.stacked for record in records(spec).values()]
    assert sorted(stacked, key=str) == [2, 2, None, None]


def test_runs_of_a_group_that_keeps_dying_are_blamed_each_for_itself(tmp_path: Path) -> None:
    spec = write_small(tmp_path, LONG)
    watched = Stacked(2)
    starts: dict[str, int] = {}

    def kill_always(event: Event) -> None:
        if isinstance(event, RunStarted):
            starts[event.run_id] = starts.get(event.run_id, 0) + 1
            for child in children_of(psutil.Process()):
                child.kill()

    watched.on_event = kill_always
    watched.run(spec, 2, Selection(only=("*/0", "*/1")))
    assert len(watched.ended("failed")) == 4
    assert {record.failure.kind for record in records(spec).values() if record.failure} == {"worker-killed"}


def test_one_engine_stacks_and_the_others_say_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--stack 8 with --engine native"):
        Stacked(8, "native").run(write_small(tmp_path))


def test_the_time_of_an_epoch_is_measured_of_runs_alone(tmp_path: Path) -> None:
    """A spec with claims about it makes no stacks by itself, and a stacked run has no such time."""
    spec = write_small(tmp_path, ('metric = "test_error"', 'metric = "log_epoch_seconds"'))
    Stacked(None).run(spec, selection=Selection(only=("*/0",)))
    assert how(spec) == {("batch-last", None)}
    alone = next(iter(records(spec).values()))
    assert value_of("log_epoch_seconds", alone) is not None
    stacked: Record = alone.model_copy(update={"stacked": 2})
    assert value_of("log_epoch_seconds", stacked) is None
    assert essence(stacked) == essence(alone)


def test_ended_events_are_one_for_each_run(tmp_path: Path) -> None:
    watched = Stacked(4)
    watched.run(write_small(tmp_path))
    ended = [event.run_id for event in watched.events if isinstance(event, RunEnded)]
    assert len(ended) == len(set(ended)) == 6
