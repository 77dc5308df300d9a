"""The mirror's own process, started by :class:`~pkbench.store.mirror.background.BackgroundMirror`.

It reads one-letter commands from its standard input, writes a JSON line about how far it is to its standard
output, and ends at once when the process that started it is gone.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pkbench.errors import PkbenchError
from pkbench.store.files import Store
from pkbench.store.mirror.catch_up import Mirror
from pkbench.store.mirror.target import resolve_target

_RETRY_SECONDS = 30.0
_PARENT_CHECK_SECONDS = 1.0
_STATUS_SECONDS = 0.5
_LOW_PRIORITY = 10


class Commands:
    """What the parent has asked for."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._wake = threading.Event()
        self._finish = False

    @property
    def finish(self) -> bool:
        """Whether the next pass is the last one."""
        return self._finish

    def wait(self, timeout_s: float | None) -> None:
        """Wait for a command."""
        self._wake.wait(timeout_s)
        self._wake.clear()

    def listen(self) -> None:
        """Read commands until the parent is gone; the process then ends here, whatever it is in the middle of.

        The end of the input shows that at once. Forked children of the parent may hold its end of the pipe,
        so the parent's id is looked at as well.
        """
        while os.getppid() == self._parent:
            if not select.select([0], [], [], _PARENT_CHECK_SECONDS)[0]:
                continue
            said = os.read(0, 4096)
            if not said:
                break
            self._finish = self._finish or b"f" in said
            self._wake.set()
        os._exit(0)


class Status:
    """Lines to the parent: at most two a second, so that the pipe never fills while nobody reads."""

    def __init__(self) -> None:
        self._last = 0.0

    def progress(self, behind: Callable[[], int | None]) -> None:
        """Say how many records are not pushed yet, which takes a look at every file."""
        if time.monotonic() - self._last >= _STATUS_SECONDS:
            self.write({"behind": behind()})

    def write(self, content: dict[str, object]) -> None:
        """Write ``content``."""
        self._last = time.monotonic()
        os.write(1, (json.dumps(content) + "\n").encode())


def run_pass(mirror: Mirror, status: Status) -> dict[str, object]:
    """Catch up once; what to tell the parent."""
    try:
        mirror.catch_up(lambda *_: status.progress(mirror.behind))
    except PkbenchError as error:
        return {"behind": mirror.behind(), "error": error.what}
    except Exception as error:  # whatever it is, the parent must hear of it in a line
        return {"behind": mirror.behind(), "error": f"{type(error).__name__} in the mirror"}
    return {"behind": mirror.behind()}


def follow(mirror: Mirror, commands: Commands) -> None:
    """Catch up whenever told to, and every now and then while that fails; the last pass ends it."""
    status = Status()
    while True:
        last = commands.finish
        result = run_pass(mirror, status)
        if last:
            status.write({**result, "final": True})
            return
        status.write(result)
        if not commands.finish:
            commands.wait(_RETRY_SECONDS if "error" in result else None)


def main() -> None:
    """Entry point; arguments: the parent's process id, the results folder, the spec ids."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_LOW_PRIORITY)
    parent, results, *spec_ids = sys.argv[1:]
    commands = Commands(int(parent))
    threading.Thread(target=commands.listen, daemon=True).start()
    root = Path(results)
    follow(Mirror(Store(root), resolve_target(root), spec_ids), commands)
    os._exit(0)  # without MLflow's exit handlers, which may wait for a server
