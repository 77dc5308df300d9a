"""Code under watch: what it starts, writes, sends and takes, and how long it may go on."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

_STARTS = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn", "subprocess.Popen")
_NETWORK = ("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.", "webbrowser.")
_EXECUTES = ("exec", "pickle.find_class", "marshal.load", "code.__new__", "ctypes.dlopen")
_CHANGES = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("os.mkfifo", "os.mknod", "os.setxattr", "shutil.", "tempfile."),
)
_HARMLESS = frozenset({"builtins.id", "object.__getattr__", "sys._getframe", "import", "os.scandir", "os.listdir"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class TooLongError(BaseException):
    """It went on for longer than it may: no ``except Exception`` holds it up."""


class Watch:
    """An audit hook that can be put on and off; ``noticed`` has what it saw that must not be.

    ``allowed`` are folders below which files may be written: of a cache, say.
    """

    def __init__(self, allowed: Sequence[Path] = ()) -> None:
        self.noticed: list[str] = []
        self._allowed = tuple(str(folder) for folder in allowed)
        self._on = False
        sys.addaudithook(self._hook)

    @contextmanager
    def on(self, seconds: float) -> Iterator[None]:
        """Watch what is done here, for at most so many seconds of this process's own time."""
        before = signal.signal(signal.SIGPROF, _too_long)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        self._on = True
        try:
            yield
        finally:
            self._on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on or event in _HARMLESS:
            return
        if event == "open":
            self._opened(arguments)
        elif (
            event.startswith((*_STARTS, *_NETWORK))
            or (event.startswith(_CHANGES) and not self._may(arguments[0]))
            or (event.startswith(_EXECUTES) and not _is_ours())
        ):
            self.noticed.append(f"{event} {arguments!r:.200}")

    def _opened(self, arguments: tuple[Any, ...]) -> None:
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and not self._may(path):
            self.noticed.append(f"{path} is opened to be written")

    def _may(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and str(path).startswith(self._allowed) if self._allowed else False


def _is_ours() -> bool:
    """Whether a module is read for the first time, or pydantic reads the annotations of one: no doing of the input."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib") or "/pydantic/_internal/" in name:
            return True
        frame = frame.f_back
    return False


def _too_long(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TooLongError


def own_seconds() -> float:
    """Seconds this process has computed: other processes on the machine do not count."""
    return time.process_time()


def peak_bytes() -> int:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
