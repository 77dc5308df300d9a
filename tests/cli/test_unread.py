"""A display that fails is no reason for runs to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from pkbench.cli import unread
from pkbench.cli.stopping import Stopper
from pkbench.cli.unread import Patient
from pkbench.execute.events import Note


class Broken:
    """A display that shows one event and then fails."""

    def __init__(self, error: OSError) -> None:
        self.error = error
        self.shown: list[Any] = []

    def prepared(self, *_: object) -> None:
        self.event(Note("prepared"))

    def event(self, event: Any) -> None:
        if self.shown:
            raise self.error
        self.shown.append(event)

    def close(self) -> None:
        self.event(Note("closed"))


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often standard output was given up, which is the test's own here."""
    calls: list[str] = []
    monkeypatch.setattr(unread, "forget_output", lambda: calls.append("forgotten"))
    return calls


def shown(error: OSError, stopper: Stopper) -> tuple[Broken, Callable[[], None]]:
    display = Broken(error)
    patient = Patient(display, stopper)  # type: ignore[arg-type]

    def show() -> None:
        for text in ("first", "second", "third"):
            patient.event(Note(text))
        patient.close()

    return display, show


def test_a_reader_that_has_gone_stops_the_command(forgotten: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    stopper = Stopper(None)
    display, show = shown(BrokenPipeError(errno.EPIPE, "Broken pipe"), stopper)
    show()
    assert display.shown == [Note("first")]
    assert stopper.reason == "unread"
    assert stopper.should_stop()
    assert forgotten == ["forgotten"]
    assert capsys.readouterr().err == ""


def test_a_full_disk_under_a_log_does_not(forgotten: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    stopper = Stopper(None)
    _, show = shown(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), stopper)
    show()
    assert not stopper.should_stop()
    assert capsys.readouterr().err == "note: output cannot be written (No space left on device); runs go on\n"
    assert forgotten == ["forgotten"]


def test_the_first_reason_to_stop_is_kept() -> None:
    stopper = Stopper(None)
    stopper.stop("interrupted")
    stopper.stop("unread")
    assert stopper.reason == "interrupted"
