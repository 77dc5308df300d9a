"""The loop of the mirror's process, without a process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pkbench.store.mirror import MirrorError, worker
from pkbench.store.mirror.worker import Status, follow, run_pass


class FakeMirror:
    """Fails as told, once for each entry, then works."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.passes = 0

    def catch_up(self, progress: Callable[..., None]) -> None:
        self.passes += 1
        progress("toy", 0, 2)
        if self.failures:
            raise self.failures.pop(0)

    def behind(self) -> int:
        return len(self.failures)


class FakeCommands:
    """Asks for the last pass after so many waits."""

    def __init__(self, waits: int) -> None:
        self.waits = waits
        self.waited: list[float | None] = []

    @property
    def finish(self) -> bool:
        return len(self.waited) >= self.waits

    def wait(self, timeout_s: float | None) -> None:
        self.waited.append(timeout_s)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the worker tells its parent."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(worker.os, "write", lambda _fd, line: lines.append(json.loads(line)))
    return lines


def test_a_pass_says_what_went_wrong_in_a_line() -> None:
    status = Status()
    status.progress = lambda _behind: None  # type: ignore[method-assign]
    assert run_pass(FakeMirror(), status) == {"behind": 0}
    assert run_pass(FakeMirror(MirrorError("it is down", remedy="wait")), status) == {
        "behind": 0,
        "error": "it is down",
    }
    surprise = run_pass(FakeMirror(RuntimeError("http://me:secret@host")), status)
    assert surprise == {"behind": 0, "error": "RuntimeError in the mirror"}


def test_it_waits_for_a_nudge_and_tries_again_after_a_failure(written: list[dict[str, Any]]) -> None:
    mirror = FakeMirror(MirrorError("it is down"))
    commands = FakeCommands(waits=2)
    follow(mirror, commands)
    assert mirror.passes == 3
    assert commands.waited == [30.0, None], "a failed pass is repeated, a good one waits for a nudge"
    assert written[-1] == {"behind": 0, "final": True}
    assert [line for line in written if "error" in line] == [{"behind": 0, "error": "it is down"}]


def test_asked_to_finish_at_once_it_still_makes_a_pass(written: list[dict[str, Any]]) -> None:
    mirror = FakeMirror()
    follow(mirror, FakeCommands(waits=0))
    assert mirror.passes == 1
    assert written[-1] == {"behind": 0, "final": True}


def test_progress_does_not_flood_the_pipe(written: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 100.4, 100.6, 100.6])
    monkeypatch.setattr(worker.time, "monotonic", lambda: next(clock))
    status = Status()
    for behind in (3, 2, 1):
        status.progress(lambda behind=behind: behind)
    assert written == [{"behind": 3}, {"behind": 1}]
