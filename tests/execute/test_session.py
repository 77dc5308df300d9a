"""Whole sessions on a small spec: what is computed, kept, resumed, and survives damage."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from pkbench.errors import StoreError, UsageError
from pkbench.execute.events import EpochEnded, Event, Note, RunEnded, RunStarted
from pkbench.execute.holds import Holds
from pkbench.execute.prepare import Prepared, Selection, prepare
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from pkbench.store.record import Record
from pkbench.train.ahead import made_ahead
from tests.essence import essence, essences_in, records_in
from tests.small import write_small
from tests.store.processes import wait_until, works

LONG = ("epochs = 2", "epochs = 30")


class Watched:
    """A session's events, and a wish to stop."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.stop = False
        self.on_event: Callable[[Event], None] = lambda _: None

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)

    def run(
        self, spec: Path, jobs: int = 1, selection: Selection | None = None, checkpoint_seconds: float = 60.0
    ) -> Prepared:
        options = Options(spec.parent.parent / "results", "cpu", jobs, checkpoint_seconds)
        session = Session(load_spec(spec), selection or Selection(), options)
        return session.run(self.emit, lambda: self.stop)

    def ended(self, status: str) -> list[str]:
        return [event.run_id for event in self.events if isinstance(event, RunEnded) and event.status == status]

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]


def records(spec: Path) -> dict[str, Record]:
    return records_in(spec.parent.parent / "results")


def essences(spec: Path) -> dict[str, dict[str, Any]]:
    return essences_in(spec.parent.parent / "results")


def test_everything_once_and_nothing_twice(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    first = Watched()
    first.run(spec)
    assert len(first.ended("finished")) == 6
    assert len(records(spec)) == 6
    again = Watched()
    prepared = again.run(spec)
    assert again.events == []
    assert {decision.state for decision in prepared.decisions} == {"done"}


def test_a_record_is_enough_by_itself(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    Watched().run(spec, selection=Selection(only=("random/1",)))
    (record,) = records(spec).values()
    assert (record.labels.model, record.labels.seed, record.labels.lr) == ("random", 1, 0.01)
    assert record.config["model"]["kind"] == "s-mixer"
    assert [epoch.epoch for epoch in record.history] == [1, 2]
    assert record.final.test_error is not None
    assert record.data is not None
    assert (record.data.train, record.data.validation, record.data.test) == (1397, 100, 300)
    assert record.data.checksum == record.config["data"]["checksum"]
    assert record.environment.device == "cpu"
    assert record.environment.threads == 1
    assert record.counts.connections == 4 * 16 * 6 + 4 * 6 * (4 + 6)
    assert record.seconds == pytest.approx(sum(epoch.seconds for epoch in record.history))
    assert record.started < record.ended


def test_batches_are_made_ahead_where_a_core_is_idle_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crop = ('policy = "none"', 'policy = "none"\nresized_crop = { area = [0.5, 1.0], ratio = [0.9, 1.1] }')
    starts = []

    def counted(*arguments: Any) -> Any:
        starts.append(arguments[1])
        return made_ahead(*arguments)

    monkeypatch.setattr("pkbench.train.batches.made_ahead", counted)
    found = []
    for cores in (1, 2):
        monkeypatch.setattr("pkbench.execute.device.available_cores", lambda cores=cores: cores)
        spec = write_small(tmp_path / str(cores), crop)
        Watched().run(spec, selection=Selection(only=("random/1",)))
        (record,) = records(spec).values()
        assert all(
            epoch.data_seconds is not None and 0 < epoch.data_seconds < epoch.seconds for epoch in record.history
        )
        found.append(essence(record))
        assert starts == [2][: cores - 1]
    assert found[0] == found[1]


def test_an_added_seed_or_model_runs_only_what_is_new(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    Watched().run(spec, selection=Selection(only=("narrow",)))
    watched = Watched()
    watched.run(spec, selection=Selection(seeds=4))
    assert len(watched.ended("finished")) == 8 - 3


def test_a_changed_recipe_runs_again_and_says_why(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    Watched().run(spec, selection=Selection(only=("*/0",)))
    write_small(tmp_path, ("epochs = 2", "epochs = 3"))
    prepared = Watched().run(spec, selection=Selection(only=("*/0",)))
    assert {decision.reason for decision in prepared.decisions} == {"train.epochs changed from 2 to 3"}
    assert len(records(spec)) == 4


def test_results_are_the_same_bytes_whatever_the_jobs(tmp_path: Path) -> None:
    alone, pooled = write_small(tmp_path / "a"), write_small(tmp_path / "b")
    Watched().run(alone, jobs=1)
    Watched().run(pooled, jobs=3)
    assert len(essences(alone)) == 6
    assert essences(alone) == essences(pooled)


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopping_saves_and_resuming_ends_where_the_uninterrupted_run_ends(tmp_path: Path, jobs: int) -> None:
    whole, stopped = write_small(tmp_path / "a", LONG), write_small(tmp_path / "b", LONG)
    one_seed = Selection(only=("*/0",))
    Watched().run(whole, selection=one_seed)

    watched = Watched()

    def stop(event: Event) -> None:
        watched.stop = watched.stop or (isinstance(event, EpochEnded) and event.result.epoch == 3)

    watched.on_event = stop
    watched.run(stopped, jobs=jobs, selection=one_seed)
    assert watched.ended("interrupted")
    assert not records(stopped)

    resumed = Watched()
    prepared = resumed.run(stopped, jobs=jobs, selection=one_seed)
    assert "interrupted" in {decision.state for decision in prepared.decisions}
    assert any(isinstance(event, RunStarted) and event.resumed_after >= 3 for event in resumed.events)
    assert essences(stopped) == essences(whole)
    assert any(record.resumed_after for record in records(stopped).values())
    folder = stopped.parent.parent / "results" / "small" / "checkpoints"
    assert not list(folder.iterdir())


def test_fresh_computes_again_from_the_start(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    Watched().run(spec, selection=Selection(only=("*/0",)))
    before = essences(spec)
    watched = Watched()
    watched.run(spec, selection=Selection(only=("*/0",), fresh=True))
    assert len(watched.ended("finished")) == 2
    assert essences(spec) == before


def test_a_failed_run_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    sgd = 'kind = "sgd"\nlr = [1e30, 0.01]\nweight_decay = 0.0\nmomentum = 0.0\nnesterov = false'
    adamw = 'kind = "adamw"\nlr = [0.01]\nweight_decay = 0.01\nbetas = [0.9, 0.999]\neps = 1e-8'
    spec = write_small(tmp_path, (adamw, sgd))
    watched = Watched()
    watched.run(spec, selection=Selection(only=("narrow/0",)))
    assert (len(watched.ended("failed")), len(watched.ended("finished"))) == (1, 1)
    failed = next(record for record in records(spec).values() if record.status == "failed")
    assert failed.failure is not None
    assert failed.failure.kind == "diverged"
    assert failed.labels.lr == 1e30
    assert failed.history == ()
    again = Watched()
    prepared = again.run(spec, selection=Selection(only=("narrow/0",)))
    assert not again.events
    assert {decision.action for decision in prepared.decisions} == {"skip"}
    retried = Watched()
    retried.run(spec, selection=Selection(only=("narrow/0",), retry_failed=True))
    assert len(retried.ended("failed")) == 1


def test_a_damaged_record_is_set_aside_and_computed_again(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    Watched().run(spec, selection=Selection(only=("narrow/0",)))
    before = essences(spec)
    (path,) = (tmp_path / "results" / "small" / "runs").glob("*.json")
    path.write_bytes(path.read_bytes()[:-100])
    watched = Watched()
    watched.run(spec, selection=Selection(only=("narrow/0",)))
    assert any("set aside" in note for note in watched.notes)
    assert path.with_suffix(".json.damaged").exists()
    assert essences(spec) == before


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    spec = write_small(tmp_path, LONG)
    one = Selection(only=("narrow/0",))
    watched = Watched()

    def stop(event: Event) -> None:
        watched.stop = watched.stop or (isinstance(event, EpochEnded) and event.result.epoch == 5)

    watched.on_event = stop
    watched.run(spec, selection=one, checkpoint_seconds=0.0)
    tensors = sorted((tmp_path / "results" / "small" / "checkpoints").glob("*/step-*.pt"))
    assert len(tensors) == 2
    tensors[-1].write_bytes(tensors[-1].read_bytes()[:100])
    resumed = Watched()
    resumed.run(spec, selection=one)
    assert any("is damaged" in note for note in resumed.notes)
    reference = write_small(tmp_path / "whole", LONG)
    Watched().run(reference, selection=one)
    assert essences(spec) == essences(reference)


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Worker processes that run."""
    return [child for child in process.children(recursive=True) if works(child)]


def test_a_killed_worker_costs_nothing(tmp_path: Path) -> None:
    spec, reference = write_small(tmp_path / "a", LONG), write_small(tmp_path / "b", LONG)
    watched = Watched()
    killed: list[int] = []

    def kill_once(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.result.epoch == 2 and not killed:
            killed.append(children_of(psutil.Process())[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    watched.on_event = kill_once
    watched.run(spec, jobs=2, selection=Selection(only=("*/0",)))
    Watched().run(reference, selection=Selection(only=("*/0",)))
    assert killed
    assert essences(spec) == essences(reference)


def test_a_run_that_keeps_killing_its_worker_is_recorded_as_failed(tmp_path: Path) -> None:
    spec = write_small(tmp_path, LONG)
    watched = Watched()

    def kill_always(event: Event) -> None:
        if isinstance(event, RunStarted):
            for child in children_of(psutil.Process()):
                child.kill()

    watched.on_event = kill_always
    watched.run(spec, jobs=2, selection=Selection(only=("narrow/0", "random/0")))
    failed = [record for record in records(spec).values() if record.status == "failed"]
    assert failed
    assert all(record.failure is not None and record.failure.kind == "worker-killed" for record in failed)
    assert any("SIGKILL" in record.failure.message for record in failed if record.failure)


def ids_of(spec: Path, *only: str) -> list[str]:
    prepared = prepare(load_spec(spec), Selection(only=only), spec.parent.parent / "results")
    return [str(run.run_id) for run in prepared.to_run]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_another_holds_is_left_to_it_and_taken_over_when_it_lets_go(tmp_path: Path, jobs: int) -> None:
    spec = write_small(tmp_path)
    (theirs,) = ids_of(spec, "narrow/0")
    watched = Watched()
    thread = threading.Thread(target=lambda: watched.run(spec, jobs))
    with Holds(tmp_path / "results" / "small").held([theirs]):
        thread.start()
        wait_until(lambda: bool(watched.notes), 120)
        assert len(watched.ended("finished")) == 5, "the others are computed meanwhile"
        (note,) = watched.notes
        assert "another pkbench computes a run of these" in note
        assert "narrow · digits · lr 0.01 · seed 0" in note
        assert theirs not in records(spec)
    thread.join(timeout=120)
    assert len(records(spec)) == 6
    assert watched.ended("finished").count(theirs) == 1
    assert watched.notes == [note]


def test_what_another_computed_meanwhile_is_not_computed_again(tmp_path: Path) -> None:
    """A run is looked up again once it is held: others may have ended it since the plan was made."""
    spec, elsewhere = write_small(tmp_path / "a"), write_small(tmp_path / "b")
    Watched().run(elsewhere)
    watched = Watched()

    def arrive(event: Event) -> None:
        if isinstance(event, RunStarted) and not watched.ended("finished"):
            for path in (tmp_path / "b" / "results" / "small" / "runs").glob("*.json"):
                if path.stem != event.run_id:
                    shutil.copy(path, tmp_path / "a" / "results" / "small" / "runs")

    watched.on_event = arrive
    (tmp_path / "a" / "results" / "small" / "runs").mkdir(parents=True)
    watched.run(spec)
    ended = [event for event in watched.events if isinstance(event, RunEnded)]
    assert [event.by_other for event in ended] == [False] + [True] * 5
    assert {event.run_id: event.test_error for event in ended} == {
        run_id: record.final.test_error for run_id, record in records(elsewhere).items()
    }
    assert sum(isinstance(event, RunStarted) for event in watched.events) == 1


def test_waiting_ends_when_it_is_to_stop(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    (theirs,) = ids_of(spec, "narrow/0")
    watched = Watched()

    def stop(event: Event) -> None:
        watched.stop = watched.stop or isinstance(event, Note)

    watched.on_event = stop
    with Holds(tmp_path / "results" / "small").held([theirs]):
        watched.run(spec, selection=Selection(only=("narrow",)))
    assert len(records(spec)) == 2


def test_workers_die_with_their_parent_and_the_next_command_goes_on(tmp_path: Path) -> None:
    spec = write_small(tmp_path, ("epochs = 2", "epochs = 2000"))
    command = [sys.executable, "-m", "pkbench", "run", str(spec), "--jobs", "2", "--no-mlflow", "--only", "*/0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        parent = psutil.Process(process.pid)
        deadline = time.monotonic() + 60
        while len(workers := children_of(parent)) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(workers) == 2
    finally:  # whatever fails above, nothing of this test goes on beside the next
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)  # one that is still importing notices when it has done so
    assert not alive
    # The kernel gave the lock back: nothing has to be removed by hand.
    write_small(tmp_path)
    watched = Watched()
    watched.run(spec, selection=Selection(only=("*/0",)))
    assert len(watched.ended("finished")) == 2
    assert not any("another pkbench" in note for note in watched.notes)


def test_unknown_profile_names_the_ones_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--profile: quick"):
        Watched().run(write_small(tmp_path), selection=Selection(profile="paper"))


def test_unwritable_results_are_one_clear_error(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    (tmp_path / "results").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write in"):
        Watched().run(spec)
