"""Stopping in time: once politely, twice at once, and within seconds of SIGTERM whatever the process is at."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from pkbench.cli.stopping import TERM_SECONDS, Stopper

# "in C" is as a long step of an engine: Python runs no handler until it returns.
BUSY = """
import hashlib, sys, time
from pkbench.cli.stopping import Stopper
stopper = Stopper(None)
try:
    with stopper.listening():
        print("ready", flush=True)
        if sys.argv[1] == "in C":
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
        while not stopper.should_stop() or sys.argv[1] == "heedless":
            time.sleep(0.05)
        print("saved", stopper.reason, flush=True)
except KeyboardInterrupt:
    print("at once", flush=True)
"""


def start(how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks(number: signal.Signals) -> None:
    process = start("heeds")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "saved interrupted\n")
    assert "stopping after this step and saving" in err


def test_a_second_ctrl_c_stops_at_once() -> None:
    process = start("heedless")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping after this step" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "at once\n")


def test_sigterm_twice_is_as_once() -> None:
    """As `timeout` sends it, to the process and to its group: what is to be saved has its time."""
    process = start("heeds")
    for _ in range(20):
        process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "saved interrupted\n")
    assert err.count("stopping after this step") == 1


@pytest.mark.parametrize("how", ["heedless", "in C"])
def test_sigterm_ends_within_its_time_whatever_goes_on(how: str) -> None:
    process = start(how)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert time.monotonic() - started > TERM_SECONDS - 0.5
    assert "leaving in the middle of something" in err


def test_two_ctrl_c_end_a_step_in_c() -> None:
    process = start("in C")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "leaving in the middle of something" in err


def test_a_deadline_is_a_reason_and_the_first_one_stays() -> None:
    stopper = Stopper(0.0)
    assert stopper.should_stop()
    assert stopper.reason == "time"
    assert not Stopper(None).should_stop()


def test_afterwards_signals_are_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    wakeup = signal.set_wakeup_fd(-1)
    with Stopper(None).listening():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert signal.set_wakeup_fd(wakeup) == -1
