"""The mirror while runs are computed: a process of its own, which training neither waits for nor notices.

A process, because importing MLflow takes seconds and a server that hangs cannot be interrupted from a
thread. Started as a plain command rather than with :mod:`multiprocessing`: that would import the caller's
main module again (whatever it is), put its helper process into the caller's process group, and take the
caller's end of the pipe along into forked workers without any means to notice.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pkbench.store.mirror.target import INSTALL, TRACKING_URI, is_installed, resolve_target

_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
# The package's folder comes last: it may be site-packages, and the working directory (-P) is not asked at all.
_BOOT = "import sys; sys.path.append(sys.argv.pop(1)); from pkbench.store.mirror.worker import main; main()"
_NUDGE = b"n"
_FINISH = b"f"
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class MirrorOutcome:
    """How far the mirror came.

    Attributes:
        state: whether every record is in MLflow.
        behind: how many are not, as far as is known.
        reason: why not, in one line without credentials.
    """

    state: Literal["caught up", "behind", "not installed"]
    behind: int = 0
    reason: str = ""

    @property
    def message(self) -> str:
        """One line for people."""
        if self.state == "caught up":
            return "mirrored in MLflow: `pkbench ui` shows it"
        if self.state == "not installed":
            return f"not mirrored: MLflow is not installed ({INSTALL})"
        count = f"{self.behind} run{'s' if self.behind != 1 else ''}" if self.behind else "state unknown"
        return f"mirror behind: {count} ({self.reason}); `pkbench sync` brings it up to date"


_MISSING = MirrorOutcome("not installed")


class BackgroundMirror:
    """Mirrors ``spec_ids`` from a process of low priority that ends with this one, whatever ends it.

    Nothing here blocks or raises because of MLflow, and :meth:`finish` takes no longer than it is given.
    """

    def __init__(self, results: Path, spec_ids: Sequence[str], uri: str | None = None) -> None:
        self._results = results
        self._spec_ids = tuple(spec_ids)
        self._uri = resolve_target(results, uri).uri
        self._process: subprocess.Popen[bytes] | None = None
        self._nudges = 0
        self._unread = b""
        self._hung_up = False
        self._status: dict[str, object] = {}

    def start(self) -> None:
        """Start the process, unless MLflow is not installed. It begins with what earlier commands left behind."""
        if self._process is not None or not is_installed():
            return
        arguments = [str(_PACKAGE_ROOT), str(os.getpid()), str(self._results.resolve()), *self._spec_ids]
        # The URI may hold a password: it goes by the environment, which others cannot read, not by the command line.
        environment = {**os.environ, TRACKING_URI: self._uri}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-c", _BOOT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            process_group=0,  # Ctrl-C is for the command, which decides how long the mirror may take
            bufsize=0,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)

    def nudge(self) -> None:
        """Say that a record was written."""
        self._nudges += 1
        self._send(_NUDGE)
        self._receive()

    def finish(self, timeout_s: float, should_stop: Callable[[], bool] = lambda: False) -> MirrorOutcome:
        """Let the mirror catch up for at most ``timeout_s`` seconds, and not after ``should_stop``; then end it."""
        process = self._process
        if process is None:
            return MirrorOutcome("behind", self._nudges, "not started") if is_installed() else _MISSING
        deadline = time.monotonic() + timeout_s
        self._send(_FINISH)
        self._receive()
        while not self._is_over and (left := deadline - time.monotonic()) > 0 and not should_stop():
            self._receive(min(left, _POLL_SECONDS))
        process.kill()
        self._close(process)
        self._process = None
        return self._outcome()

    def _outcome(self) -> MirrorOutcome:
        behind, reason = self._status.get("behind"), str(self._status.get("error") or "")
        if self._status.get("final") is True and behind == 0 and not reason:
            return MirrorOutcome("caught up")
        # Before the first answer the process cannot know what MLflow has: what ended here is certainly missing.
        count = behind if isinstance(behind, int) else self._nudges
        return MirrorOutcome("behind", count, reason or ("it died" if self._hung_up else "it takes too long"))

    def _send(self, command: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it has died, or 64 KiB of nudges wait for it: one more changes nothing
                self._process.stdin.write(command)

    @property
    def _is_over(self) -> bool:
        """Whether the process has said its last word, or died without one."""
        return self._hung_up or self._status.get("final") is True

    def _receive(self, wait_s: float = 0.0) -> None:
        """Take up what the process has said so far, or says within ``wait_s``."""
        pipe = self._process.stdout if self._process is not None else None
        if pipe is None or not select.select([pipe], [], [], wait_s)[0]:
            return
        said = pipe.read(65536) or b""
        self._hung_up = not said
        *lines, self._unread = (self._unread + said).split(b"\n")
        if lines:
            self._status = json.loads(lines[-1])

    @staticmethod
    def _close(process: subprocess.Popen[bytes]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):  # in a system call that cannot be interrupted: the system ends it
            process.wait(timeout=0.5)
