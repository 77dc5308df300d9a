"""Data that vanishes, or changes, before a run and in the middle of one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pkbench.execute.events import EpochEnded, Event, RunEnded
from pkbench.execute.prepare import Prepared, Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from tests.execute.test_session import LONG, Watched, essence
from tests.small import write_small

from .commands import bytes_in, essences_in, pkbench, records_in
from .conftest import Torture

NPZ = (
    'source = "digits"\nshape = [8, 8, 1]\nclasses = 10\ntest_count = 300',
    'source = "npz"\npath = "../data/images.npz"\nshape = [8, 8, 1]\nclasses = 4\ntest_count = 100',
)
ONE = Selection(only=("narrow/0",))


def write_images(folder: Path, seed: int = 0) -> Path:
    path = folder / "data" / "images.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = np.random.default_rng(seed)
    images = source.integers(0, 256, (600, 8, 8), dtype=np.uint8)
    np.savez(path, x_train=images, y_train=np.arange(600) % 4)
    return path


def made(folder: Path, *replacements: tuple[str, str]) -> tuple[Path, Path]:
    return write_small(folder, NPZ, *replacements), write_images(folder)


class Meddling(Watched):
    """A session in which something happens to the data when the runs are known and none of them has begun."""

    def __init__(self, meddle: Callable[[], object], jobs: int) -> None:
        super().__init__()
        self.meddle = meddle
        self.jobs = jobs

    def go(self, spec: Path) -> Prepared:
        def prepared(_prepared: Prepared, _jobs: int) -> None:
            self.meddle()

        session = Session(load_spec(spec), ONE, Options(spec.parent.parent / "results", "cpu", self.jobs))
        return session.run(self.emit, lambda: self.stop, prepared)


def test_gone_before_a_run(tmp_path: Path, torture: Torture) -> None:
    _, data = made(tmp_path)
    aside = data.rename(tmp_path / "aside.npz")
    done = pkbench("run", "small", "--no-mlflow", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "images.npz is not there" in done.stdout + done.stderr
    assert bytes_in(tmp_path / "results") == {}
    aside.rename(data)
    assert pkbench("run", "small", "--no-mlflow", cwd=tmp_path).returncode == 0
    assert len(bytes_in(tmp_path / "results")) == 6
    torture.tell("data gone before a run", 1, "nothing: exit code 2, and what to do")


@pytest.mark.parametrize("jobs", [1, 2])
def test_gone_between_the_plan_and_the_first_run(tmp_path: Path, torture: Torture, jobs: int) -> None:
    """The run is recorded with its reason, and tried again unasked once the data is back."""
    spec, data = made(tmp_path)
    aside = tmp_path / "aside.npz"
    meddling = Meddling(lambda: data.rename(aside), jobs)
    meddling.go(spec)
    assert len(meddling.ended("failed")) == 1
    (failed,) = records_in(tmp_path / "results").values()
    assert failed.failure is not None
    assert failed.failure.kind == "data-gone"
    assert "images.npz is not there" in failed.failure.message
    aside.rename(data)
    prepared = Watched().run(spec, selection=ONE)
    assert "the cause may have gone: tried again" in prepared.decisions[0].reason
    (record,) = records_in(tmp_path / "results").values()
    assert record.status == "finished"
    torture.tell(f"data gone after it was planned with, --jobs {jobs}", 1, "nothing: tried again when it is back")


def test_changed_between_the_plan_and_the_first_run(tmp_path: Path, torture: Torture) -> None:
    """No record says of other data that it is the one that was planned with."""
    spec, _ = made(tmp_path)
    meddling = Meddling(lambda: write_images(tmp_path, seed=1), 1)
    meddling.go(spec)
    (failed,) = records_in(tmp_path / "results").values()
    assert failed.failure is not None
    assert failed.failure.kind == "data-gone"
    assert "changed since this command read them" in failed.failure.message
    prepared = Watched().run(spec, selection=ONE)
    assert prepared.decisions[0].run.run_id != failed.run_id
    assert sorted(record.status for record in records_in(tmp_path / "results").values()) == ["failed", "finished"]
    torture.tell("data changed after it was planned with", 1, "nothing: a run of its own")


def test_gone_in_the_middle(tmp_path: Path, torture: Torture) -> None:
    """It is in memory: what has begun ends."""
    spec, data = made(tmp_path)
    whole, _ = made(tmp_path / "whole")
    watched = Watched()

    def event(found: Event) -> None:
        if isinstance(found, RunEnded | EpochEnded):
            shutil.rmtree(data.parent, ignore_errors=True)

    watched.on_event = event
    watched.run(spec)
    Watched().run(whole)
    assert len(watched.ended("finished")) == 6
    assert essences_in(tmp_path / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell("data gone in the middle of a run", 1, "nothing")


def test_gone_between_a_stop_and_going_on(tmp_path: Path, torture: Torture) -> None:
    spec, data = made(tmp_path, LONG)
    whole, _ = made(tmp_path / "whole", LONG)
    stopped = Watched()

    def stop(event: Event) -> None:
        stopped.stop = stopped.stop or (isinstance(event, EpochEnded) and event.result.epoch == 3)

    stopped.on_event = stop
    stopped.run(spec, selection=ONE)
    aside = data.rename(tmp_path / "aside.npz")
    done = pkbench("run", "small", "--no-mlflow", "--only", "narrow/0", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    aside.rename(data)
    Watched().run(spec, selection=ONE)
    Watched().run(whole, selection=ONE)
    (record,) = records_in(tmp_path / "results").values()
    (expected,) = records_in(tmp_path / "whole" / "results").values()
    assert essence(record) == essence(expected)
    assert record.resumed_after
    torture.tell("data gone between a stop and going on", 1, "nothing: it goes on when it is back")


def test_a_results_folder_that_vanishes(tmp_path: Path, torture: Torture) -> None:
    """Records of later runs are written all the same; those that were deleted are computed again."""
    spec = write_small(tmp_path)
    watched = Watched()

    def event(found: Event) -> None:
        if isinstance(found, RunEnded):
            shutil.rmtree(tmp_path / "results")
            watched.on_event = lambda _: None

    watched.on_event = event
    watched.run(spec)
    assert len(watched.ended("finished")) == 6
    assert len(records_in(tmp_path / "results")) == 5
    Watched().run(spec)
    assert len(records_in(tmp_path / "results")) == 6
    torture.tell("the results folder deleted after the first run", 1, "what was deleted: computed again")
