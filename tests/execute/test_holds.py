"""Holds: one holder at a time, none left behind by the dead, and nobody waits for what nobody does."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from pkbench.errors import StoreError
from pkbench.execute.events import Event, Note
from pkbench.execute.holds import Holds
from tests.store.processes import wait_until

A, B, C = ("a" * 16, "b" * 16, "c" * 16)

HOLDER = """
import sys, time
from pathlib import Path
from pkbench.execute.holds import Holds
with Holds(Path(sys.argv[1])).held(sys.argv[2:]) as mine:
    print(*mine, flush=True)
    time.sleep(600)
"""


def start_holder(folder: Path, *names: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", HOLDER, str(folder), *names], stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_one_holds_another_does_not(tmp_path: Path) -> None:
    with Holds(tmp_path).held([A, B]) as mine:
        assert mine == (A, B)
        with Holds(tmp_path).held([C, B, A]) as theirs:
            assert theirs == (C,)
    with Holds(tmp_path).held([A, B, C]) as all_of_them:
        assert all_of_them == (A, B, C)


def test_a_hold_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    process = start_holder(tmp_path, A)
    try:
        assert first_line(process) == A
        with Holds(tmp_path).held([A, B]) as mine:
            assert mine == (B,)
    finally:
        process.kill()
        process.wait()
    with Holds(tmp_path).held([A]) as mine:
        assert mine == (A,)


def test_files_of_the_dead_are_no_holds(tmp_path: Path) -> None:
    """What counts is the kernel's lock, not the file: it may lie there from any time, with anything in it."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / f"{A}.lock").write_text("12345")
    with Holds(tmp_path).held([A]) as mine:
        assert mine == (A,)


def test_each_is_done_once_and_those_that_others_hold_come_last(tmp_path: Path) -> None:
    done: list[str] = []
    events: list[Event] = []
    holds = Holds(tmp_path)
    with Holds(tmp_path).held([A]):
        thread = threading.Thread(target=lambda: holds.each([A, B, C], done.append, events.append, lambda: False))
        thread.start()
        wait_until(lambda: bool(events))
        assert done == [B, C]
    thread.join(timeout=60)
    assert done == [B, C, A]
    assert [isinstance(event, Note) for event in events] == [True]


def test_each_stops_when_asked(tmp_path: Path) -> None:
    done: list[str] = []
    assert not Holds(tmp_path).each([A, B, C], done.append, lambda _: None, lambda: bool(done))
    assert done == [A]
    assert Holds(tmp_path).each([A], done.append, lambda _: None, lambda: False)


def test_what_an_action_raises_lets_go(tmp_path: Path) -> None:
    def fail(_: str) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Holds(tmp_path).each([A], fail, lambda _: None, lambda: False)
    with Holds(tmp_path).held([A]) as mine:
        assert mine == (A,)


def test_waiting_ends_with_the_first_that_is_free(tmp_path: Path) -> None:
    """A stays held all along: of two that end together, a look may fall between them."""
    process = start_holder(tmp_path, B)
    found: list[tuple[str, ...]] = []
    with Holds(tmp_path).held([A]):
        try:
            assert first_line(process) == B
            thread = threading.Thread(target=lambda: found.append(Holds(tmp_path).wait_for_any([A, B], lambda: False)))
            thread.start()
        finally:
            process.kill()
            process.wait()
        thread.join(timeout=60)
    assert found == [(B,)]


def test_waiting_can_be_given_up(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    with Holds(tmp_path).held([A]):
        assert Holds(tmp_path).wait_for_any([A], lambda: next(asked)) == ()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "small").write_text("a file where the folder should be")
    with (
        pytest.raises(StoreError, match=r"cannot write in .*locks: .*; choose another folder with --results"),
        Holds(tmp_path / "small").held([A]),
    ):
        pass


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks that only look like the kernel's would outlive a killed process."""

    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(StoreError, match="Function not implemented"), Holds(tmp_path).held([A]):
        pass
    monkeypatch.undo()
    with FileLock(tmp_path / "locks" / f"{A}.lock", timeout=0):
        pass
