"""What the system refuses, in one line; and who reads."""

import errno
import os
import signal
import sys

import pytest

from pkbench.cli.console import reader_gone, refusal
from pkbench.cli.stopping import Stopper


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; free space, and type the same command again"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y: Permission denied; check whose it is and its rights"),
        (OSError(errno.EIO, "Input/output error", "/x"), "/x: Input/output error"),
        (OSError("odd"), "odd"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line(error: OSError, line: str) -> None:
    assert refusal(error).message == line
    assert refusal(error).exit_code == 1


def test_whether_anybody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert not reader_gone()
        os.close(read)
        assert reader_gone()
    assert not reader_gone(), "a closed stream is no pipe"


def test_nohup_is_honoured() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopper(None).listening():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with Stopper(None).listening():
            assert callable(signal.getsignal(signal.SIGHUP))
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
