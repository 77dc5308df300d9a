"""The command line in processes of its own that start in no time: forked from one that has imported everything."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from pkbench.store.files import Store
from tests.store.processes import wait_until

LIMIT = 600.0
"""Seconds for one command, on a machine that may be busy or stand still for minutes."""
_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.torture.preload"])


@dataclass(frozen=True)
class Pkbench:
    """A command that has been started; what it says goes to files."""

    process: ForkServerProcess
    out: Path
    err: Path

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has told so far, with ``--json``; a line that is not whole yet left out."""
        *lines, _ = self.out.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def runs(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> bool:
        """Whether it was still alive when SIGKILL came."""
        self.process.kill()
        self.process.join(LIMIT)
        return self.process.exitcode == -signal.SIGKILL

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def end(self) -> int:
        """Its exit code."""
        self.process.join(LIMIT)
        if self.runs:
            self.kill()
            raise AssertionError(f"it did not end: {self.err.read_text(encoding='utf-8')}")
        assert self.process.exitcode is not None
        return self.process.exitcode


def start(folder: Path, *arguments: str | Path, patch: Callable[[], None] | None = None, **variables: str) -> Pkbench:
    """Start ``pkbench`` with ``arguments`` in ``folder``; ``patch`` is called in its process before."""
    number = len(list(folder.glob("out-*")))
    out, err = folder / f"out-{number}", folder / f"err-{number}"
    out.touch()
    process = _FORKSERVER.Process(
        target=_main, args=(folder, [str(argument) for argument in arguments], out, err, patch, variables)
    )
    process.start()
    return Pkbench(process, out, err)


def run(folder: Path, *arguments: str | Path, code: int = 0) -> Pkbench:
    """Run ``pkbench`` to its end, which must be ``code``."""
    done = start(folder, *arguments)
    assert done.end() == code, done.err.read_text(encoding="utf-8") + done.out.read_text(encoding="utf-8")
    return done


def _main(
    folder: Path,
    arguments: list[str],
    out: Path,
    err: Path,
    patch: Callable[[], None] | None,
    variables: dict[str, str],
) -> None:
    from pkbench.cli.main import main

    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.update(variables)
    if patch is not None:
        patch()
    sys.argv = ["pkbench", *arguments]
    main()


def epochs_told(command: Pkbench) -> dict[str, int]:
    """The last epoch that was told of each run."""
    return {event["run_id"]: event["result"]["epoch"] for event in command.told("EpochEnded")}


def epochs_kept(results: Path) -> dict[str, int]:
    """Epochs of each run of the small spec that are on disk: in a record, or in the newest checkpoint that is whole."""
    store = Store(results)
    kept = {run_id: len(record.history) for run_id, record in store.scan("small").records.items()}
    for run_id in store.checkpointed("small"):
        info = store.checkpoints("small", run_id).progress()
        if run_id not in kept and info is not None:
            kept[run_id] = len(info.history)
    return kept


def wait_for(command: Pkbench, condition: Callable[[], bool]) -> None:
    """Wait for ``condition`` while ``command`` runs, and fail if it ends without."""

    def met() -> bool:
        if condition():
            return True
        assert command.runs, command.err.read_text(encoding="utf-8")
        return False

    wait_until(met, LIMIT)


def seconds_of(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started
