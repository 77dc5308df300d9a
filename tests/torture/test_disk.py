"""A disk that is full, or read-only, before a run and in the middle of it: a real file system of a few megabytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pkbench.errors import StoreError
from pkbench.execute.events import EpochEnded, Event, RunEnded
from pkbench.execute.prepare import Selection
from tests.execute.test_session import LONG, Watched
from tests.small import write_small

from .commands import bytes_in, essences_in, fill, one_line, pkbench, small_disk
from .conftest import Torture

ONE = Selection(only=("narrow/0",))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


@pytest.mark.parametrize("jobs", [1, 2])
def test_full_before_a_run(disk: Path, tmp_path: Path, torture: Torture, jobs: int) -> None:
    """The command ends with one line, what was finished is as it was, and once there is room it goes on."""
    if jobs > 1 and not torture.full:
        pytest.skip("`make torture` does it with workers, too")
    write_small(disk)
    arguments = ("run", "small", "--no-mlflow", "--jobs", str(jobs))
    assert pkbench(*arguments, "--only", "narrow", cwd=disk).returncode == 0
    before = bytes_in(disk / "results")
    filler = fill(disk)
    done = pkbench(*arguments, cwd=disk)
    assert done.returncode == 1
    assert "No space left on device; free space" in one_line(done)
    assert bytes_in(disk / "results") == before
    filler.unlink()
    again = pkbench(*arguments, cwd=disk)
    assert again.returncode == 0, again.stderr
    assert len(before) == 3
    assert bytes_in(disk / "results").items() > before.items()
    assert len(bytes_in(disk / "results")) == 6
    torture.tell(f"disk full before a run, --jobs {jobs}", 1, "nothing: the same command goes on")


def test_full_while_a_run_saves(disk: Path, tmp_path: Path, torture: Torture) -> None:
    """Checkpoints that cannot be written are said, and the training goes on; room that comes back is used."""
    spec, whole = write_small(disk, LONG), write_small(tmp_path / "whole", LONG)
    watched = Watched()
    fillers: list[Path] = []

    def event(found: Event) -> None:
        if isinstance(found, EpochEnded) and found.result.epoch == 3:
            fillers.append(fill(disk))
        if isinstance(found, EpochEnded) and found.result.epoch == 6:
            fillers[0].unlink()

    watched.on_event = event
    watched.run(spec, selection=ONE, checkpoint_seconds=0.0)
    Watched().run(whole, selection=ONE)
    assert any("No space left" in note or "it goes on without this checkpoint" in note for note in watched.notes)
    assert essences_in(disk / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell("disk full for three epochs of a run that saves every step", 1, "nothing")


def test_full_until_a_run_ends(disk: Path, tmp_path: Path, torture: Torture) -> None:
    """The record finds the room that an older checkpoint leaves it."""
    spec, whole = write_small(disk, LONG), write_small(tmp_path / "whole", LONG)
    watched = Watched()

    def event(found: Event) -> None:
        if isinstance(found, EpochEnded) and found.result.epoch == 3:
            fill(disk)

    watched.on_event = event
    watched.run(spec, selection=ONE, checkpoint_seconds=0.0)
    Watched().run(whole, selection=ONE)
    assert len(watched.ended("finished")) == 1
    assert essences_in(disk / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell("disk full from a run's third epoch to its end", 1, "nothing: an older checkpoint made room")


@pytest.mark.parametrize("jobs", [1, 2])
def test_full_with_nothing_left_to_drop(disk: Path, tmp_path: Path, torture: Torture, jobs: int) -> None:
    """Then the run cannot be recorded: it ends the command, what others finished stays, and it is computed again."""
    spec, whole = write_small(disk), write_small(tmp_path / "whole")
    watched = Watched()
    fillers: list[Path] = []

    def event(found: Event) -> None:
        if isinstance(found, RunEnded) and found.status == "finished" and not fillers:
            fillers.append(fill(disk))

    watched.on_event = event
    with pytest.raises(StoreError, match="No space left on device"):
        watched.run(spec, jobs=jobs)
    kept = bytes_in(disk / "results")
    assert len(kept) == len(watched.ended("finished")) > 0
    fillers[0].unlink()
    Watched().run(spec)
    Watched().run(whole)
    assert bytes_in(disk / "results").items() >= kept.items()
    assert essences_in(disk / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell(f"disk full while runs end, --jobs {jobs}", 1, "the runs of that moment: computed again")


def test_read_only_before_a_run(disk: Path, torture: Torture) -> None:
    """Nothing can be written; what only reads goes on working; then the same command goes on."""
    write_small(disk)
    Watched().run(disk / "specs" / "small.toml", selection=ONE)
    kept = bytes_in(disk / "results")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = pkbench("run", "small", "--no-mlflow", cwd=disk)
    assert done.returncode == 1
    assert "cannot write in" in one_line(done)
    assert "choose another folder with --results" in one_line(done)
    plan = pkbench("plan", "small", "--no-estimate", cwd=disk)
    assert (plan.returncode, plan.stdout.count("done (test error")) == (0, 1)
    assert bytes_in(disk / "results") == kept
    torture.tell("read-only file system before a run", 1, "nothing")


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Nobody, root included, can make a file in ``folder``."""
    if os.geteuid():
        folder.chmod(0o500)
    elif subprocess.run(["chattr", "+i", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this file system knows no immutable folders, and root may write in all others")
    try:
        yield
    finally:
        if os.geteuid():
            folder.chmod(0o700)
        else:
            subprocess.run(["chattr", "-i", str(folder)], check=True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_read_only_in_the_middle(tmp_path: Path, torture: Torture, jobs: int) -> None:
    """The run of that moment ends the command, others save, and the same command goes on."""
    spec, whole = write_small(tmp_path, LONG), write_small(tmp_path / "whole", LONG)
    watched = Watched()
    with ExitStack() as closed:

        def event(found: Event) -> None:
            if isinstance(found, RunEnded) and found.status == "finished":
                closed.enter_context(unwritable(tmp_path / "results" / "small" / "runs"))
                watched.on_event = lambda _: None

        watched.on_event = event
        with pytest.raises(StoreError, match=r"cannot write .*: (Operation not permitted|Permission denied)"):
            watched.run(spec, jobs=jobs)
        kept = bytes_in(tmp_path / "results")
        assert len(kept) == len(watched.ended("finished")) > 0
    Watched().run(spec)
    Watched().run(whole)
    assert bytes_in(tmp_path / "results").items() > kept.items()
    assert essences_in(tmp_path / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell(
        f"records' folder turned read-only after a run, --jobs {jobs}", 1, "the run of that moment: computed again"
    )


def test_output_to_a_full_disk(tmp_path: Path, torture: Torture) -> None:
    """A log that cannot be written does not keep runs from ending; a verb that only prints has failed."""
    write_small(tmp_path)
    with Path("/dev/full").open("w") as full:
        run = pkbench(
            "run", "small", "--no-mlflow", "--only", "narrow/0", cwd=tmp_path,
            capture_output=False, stdout=full, stderr=subprocess.PIPE,
        )  # fmt: skip
        plan = pkbench(
            "plan", "small", "--no-estimate", cwd=tmp_path, capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert len(bytes_in(tmp_path / "results")) == 1
    assert run.returncode == 0
    assert run.stderr == "note: output cannot be written (No space left on device); runs go on\n"
    assert plan.returncode == 1
    assert "No space left on device" in one_line(plan)
    torture.tell("standard output on a full disk (/dev/full): run, plan", 2, "nothing")
