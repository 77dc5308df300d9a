"""The command line in bad surroundings, and what is left in the store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pkbench.store.files import Store
from pkbench.store.record import Record
from tests.execute.test_session import essence

ROOT = Path(__file__).parents[2]
TIMEOUT = 280
"""Seconds for one command, on a machine that may be busy with others."""


def environment(**changes: str | None) -> dict[str, str]:
    """This process's variables without those that steer pkbench, with ``changes``; ``None`` takes one away."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PKBENCH_", "MLFLOW_", "DVC"))}
    # The package that is tested, wherever the command is started.
    kept |= {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "COLUMNS": "200",
    }
    return {name: value for name, value in (kept | changes).items() if value is not None}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pkbench", *map(str, arguments)]


def pkbench(*arguments: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command in ``cwd``; ``options`` are those of ``subprocess.run``."""
    given = {"env": environment(), "capture_output": True, "text": True, "timeout": TIMEOUT} | options
    return subprocess.run(command(*arguments), cwd=cwd, check=False, **given)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a command that failed says."""
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def records_in(results: Path, spec_id: str = "small") -> dict[str, Record]:
    scan = Store(results).scan(spec_id)
    assert scan.problems == ()
    return scan.records


def essences_in(results: Path, spec_id: str = "small") -> dict[str, tuple[object, ...]]:
    return {run_id: essence(record) for run_id, record in records_in(results, spec_id).items()}


def bytes_in(results: Path, spec_id: str = "small") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results / spec_id / "runs").glob("*.json")}


@contextmanager
def small_disk(folder: Path, size: str = "4m") -> Iterator[Path]:
    """A file system of ``size`` at ``folder``; skips where this user may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk to fill: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all of ``disk``'s room; the file that does."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            while _written(file, size):
                pass
    return filler


def _written(file: Any, size: int) -> bool:
    try:
        return bool(file.write(b"x" * size) == size)
    except OSError:
        return False
