"""Who is computing results right now, read off locks and checkpoints without disturbing anybody."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from pkbench.store.checkpoints import CheckpointInfo
from pkbench.store.files import Store


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on a spec's results; what the system does not tell is ``None``."""

    pid: int | None
    user: str | None
    since: float | None
    """Unix time of its start."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an unfinished run has come, by its newest checkpoint."""

    info: CheckpointInfo
    saved: float
    """Unix time."""
    worker: Worker | None
    """Who is computing it; ``None`` where nobody is, as far as can be seen."""


def worker(folder: Path) -> Worker | None:
    """A process that computes something of a spec, whose results are in ``folder``; ``None`` where nobody does."""
    return next(iter(held(folder).values()), None)


def held(folder: Path) -> dict[str, Worker]:
    """Who computes a run, check or comparison in a spec's ``folder``, by its id (see :mod:`pkbench.execute.holds`)."""
    found = {path.stem: _holder(path) for path in sorted((folder / "locks").glob("*.lock"))}
    return {run_id: who for run_id, who in found.items() if who is not None}


def progress(store: Store, spec_id: str) -> dict[str, Progress]:
    """Every run of ``spec_id`` with a checkpoint, by its id."""
    folder = store.folder(spec_id)
    runs = held(folder)
    found: dict[str, Progress] = {}
    for run_folder in sorted(folder.glob("checkpoints/*")):
        info = store.checkpoints(spec_id, run_folder.name).progress()
        saved = _newest(run_folder)
        if info is None or saved is None:
            continue
        found[run_folder.name] = Progress(info, saved, runs.get(run_folder.name))
    return found


def _holder(lock: Path) -> Worker | None:
    """The process that holds ``lock``, a file; ``None`` where nobody does.

    It is asked for shared and let go at once: two who look do not take each other for somebody at work.
    """
    try:
        handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _described(_pid(os.fstat(handle).st_ino))
    finally:
        os.close(handle)
    return None


def _newest(folder: Path) -> float | None:
    """When the newest checkpoint in ``folder`` was written; ``None`` where it has just been taken away."""
    try:
        return max((path.stat().st_mtime for path in folder.glob("step-*.json")), default=None)
    except FileNotFoundError:
        return None


def _pid(inode: int) -> int | None:
    """Who has locked the file ``inode``, as Linux tells it."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        fields = line.split()
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
            return int(fields[4]) if fields[4].isdigit() and int(fields[4]) > 0 else None
    return None


def _described(pid: int | None) -> Worker:
    if pid is None:
        return Worker(None, None, None)
    try:
        process = psutil.Process(pid)
        return Worker(pid, process.username(), process.create_time())
    except (psutil.Error, KeyError):
        return Worker(pid, None, None)
