"""A reader that has gone (``| head``), and a terminal that was closed."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.execute.test_session import Watched
from tests.small import write_small
from tests.store.processes import wait_until

from .commands import TIMEOUT, bytes_in, command, environment, pkbench
from .conftest import Torture

SUMS = Path(__file__).parents[1] / "pipeline" / "sums.toml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec with a run, and one of checks."""
    folder = tmp_path_factory.mktemp("project")
    spec = write_small(folder)
    shutil.copy(SUMS, folder / "specs")
    watched = Watched()
    watched.run(spec)
    return folder


def without_reader(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code, as a shell has it, and standard error of a command whose output nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            command(*words), cwd=folder, env=environment(), stdout=write, stderr=subprocess.PIPE, text=True,
            timeout=TIMEOUT, check=False,
        )  # fmt: skip
    finally:
        os.close(write)
    return (128 - done.returncode if done.returncode < 0 else done.returncode), done.stderr


VERBS = [
    ("plan", "small", "--no-estimate"),
    ("validate", "specs/small.toml"),
    ("report", "small"),
    ("claims", "small"),
    ("schema",),
    ("data", "list", "small"),
    ("run", "sums"),
    ("plan", "small", "--no-estimate", "--json"),
    ("plan", "sums"),
    ("validate", "specs/small.toml", "--json"),
    ("report", "--json"),
    ("claims", "small", "--json"),
    ("claims", "sums"),
    ("data", "check", "small"),
    ("data", "list", "--json"),
    ("cost", "small", "--repeats", "1"),
    ("run", "small", "--no-mlflow"),
    ("--help",),
    ("plan", "--help"),
    ("--version",),
]
"""Every verb that prints; the first ones in short mode."""


def test_a_reader_that_has_gone(project: Path, torture: Torture) -> None:
    """Silence, and the exit code of every program that SIGPIPE ends."""
    chosen = VERBS[: torture.times(short=7, full=len(VERBS))]
    for words in chosen:
        assert without_reader(project, *words) == (128 + signal.SIGPIPE, ""), words
    assert (project / "reports" / "index.md").exists(), "a report is written before it is printed"
    torture.tell("output to a reader that has gone, verb by verb", len(chosen), "nothing: exit code 141")


def test_runs_save_when_their_reader_goes(tmp_path: Path, torture: Torture) -> None:
    """``pkbench run | head -1``: the run is stopped as by Ctrl-C, and goes on with the same command."""
    write_small(tmp_path, ("epochs = 2", "epochs = 100000"))
    words = command("run", "small", "--no-mlflow", "--only", "narrow/0", "--json", "--jobs", "1")
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "EpochEnded":
            break
    process.stdout.close()
    assert process.wait(timeout=TIMEOUT) == 141
    assert process.stderr.read() == ""
    process.stderr.close()
    assert not bytes_in(tmp_path / "results")
    (saved,) = (tmp_path / "results" / "small" / "checkpoints").glob("*/step-*.json")
    assert saved.stat().st_size > 0
    plan = pkbench("plan", "small", "--no-estimate", "--only", "narrow/0", cwd=tmp_path)
    assert "goes on from there" in plan.stdout
    torture.tell("the reader of a run's events goes in the middle", 1, "nothing: saved at its step, exit code 141")


def test_a_terminal_that_is_closed(tmp_path: Path, torture: Torture) -> None:
    """SIGHUP, and nobody to print to: the run saves."""
    write_small(tmp_path, ("epochs = 2", "epochs = 100000"))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("run", "small", "--no-mlflow", "--only", "narrow/0", "--jobs", "1"),
        cwd=tmp_path, env=environment(TERM="xterm"), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while b"loss" not in seen:
        seen += os.read(master, 4096)
    os.close(master)
    os.killpg(process.pid, signal.SIGHUP)
    assert process.wait(timeout=TIMEOUT) == 130
    checkpoints = tmp_path / "results" / "small" / "checkpoints"
    wait_until(lambda: len(list(checkpoints.glob("*/step-*.json"))) == 1)
    assert bytes_in(tmp_path / "results") == {}
    torture.tell("the terminal of a run is closed", 1, "nothing: saved at its step")
