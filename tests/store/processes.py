"""Looking at processes, and running commands of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil


def children() -> set[int]:
    """Processes below this one, without those that multiprocessing keeps for itself."""
    found = psutil.Process().children(recursive=True)
    return {child.pid for child in found if is_running(child.pid) and works(child)}


def works(process: psutil.Process) -> bool:
    """Whether ``process`` is there and is none that multiprocessing keeps for itself."""
    try:
        line = " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended since it was listed
        return False
    return "resource_tracker import" not in line and "forkserver import" not in line


def is_running(pid: int) -> bool:
    """Whether ``pid`` is a process that has not ended; one nobody has waited for has."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for ``condition``, and fail if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)


def start_pkbench(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pkbench", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        # A shell without job control has what it starts in the background ignore Ctrl-C, and so would we and all below us.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - the threads here do nothing meanwhile
    )


def run_pkbench(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    process = start_pkbench(*arguments, **environment)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err
