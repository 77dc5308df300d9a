"""Worker processes that stay from spec to spec: the same processes, the same results, and no trace of what stopped them."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from pkbench.execute.events import EpochEnded, Event, RunEnded
from pkbench.execute.prepare import Selection
from pkbench.execute.session import Options, Session
from pkbench.execute.workers import WorkerPool
from pkbench.spec.load import load_spec
from pkbench.store.files import Store
from tests.small import write_small


def errors(folder: Path) -> dict[str, tuple[float | None, ...]]:
    """Test errors of all epochs of what was computed in ``folder``, by run."""
    records = Store(folder / "results").scan("small").records
    return {run_id: tuple(epoch.test_error for epoch in record.history) for run_id, record in records.items()}


def run(
    folder: Path, workers: WorkerPool | None, *edits: tuple[str, str], stop: Callable[[Event], bool] | None = None
) -> list[Event]:
    """Compute the small spec with ``edits`` in ``folder``, until ``stop`` says so of an event."""
    folder.mkdir(exist_ok=True)
    events: list[Event] = []
    Session(
        load_spec(write_small(folder, *edits)),
        Selection(),
        Options(folder / "results", "cpu", 2),
        workers=workers,
    ).run(events.append, lambda: stop is not None and any(map(stop, events)))
    return events


def ids(workers: WorkerPool) -> set[int | None]:
    return {worker.process.pid for worker in workers._workers}


OTHER = ("lr = [0.01]", "lr = [0.02]")


def test_the_same_processes_compute_one_spec_after_another(tmp_path: Path) -> None:
    with WorkerPool() as workers:
        run(tmp_path / "first", workers)
        before = ids(workers)
        run(tmp_path / "second", workers, OTHER)
        assert ids(workers) == before
        assert len(before) == 2
    assert not ids(workers)
    run(tmp_path / "alone", None, OTHER)
    assert errors(tmp_path / "second") == errors(tmp_path / "alone")
    assert len(errors(tmp_path / "second")) == len(errors(tmp_path / "first")) == 6


def test_one_that_was_killed_meanwhile_is_replaced(tmp_path: Path) -> None:
    with WorkerPool() as workers:
        run(tmp_path / "first", workers)
        dead, alive = workers._workers[0].process, workers._workers[1].process.pid
        assert dead.pid is not None
        os.kill(dead.pid, signal.SIGKILL)
        dead.join()
        events = run(tmp_path / "second", workers, OTHER)
        assert alive in ids(workers)
        assert dead.pid not in ids(workers)
    ended = [event for event in events if isinstance(event, RunEnded)]
    assert [event.status for event in ended] == ["finished"] * 6


@pytest.mark.parametrize("epochs", [300])
def test_stopped_ones_end_and_the_pool_goes_on_with_others(tmp_path: Path, epochs: int) -> None:
    long = ("epochs = 2", f"epochs = {epochs}")
    with WorkerPool() as workers:
        run(tmp_path / "long", workers, long, stop=lambda event: isinstance(event, EpochEnded))
        assert not ids(workers)
        assert not errors(tmp_path / "long")
        run(tmp_path / "short", workers)
        assert len(ids(workers)) == 2
    assert len(errors(tmp_path / "short")) == 6
