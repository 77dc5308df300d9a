"""Looking at processes, and running commands of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def children() -> set[int]:
    """Processes below this one, without the one that multiprocessing keeps for itself once a worker was spawned."""
    found = psutil.Process().children(recursive=True)
    return {child.pid for child in found if is_running(child.pid) and not _keeps_resources(child)}


def _keeps_resources(process: psutil.Process) -> bool:
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


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
    )


def run_pkbench(*arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command line."""
    process = start_pkbench(*arguments, **environment)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err
