"""Ctrl-C, SIGTERM, a closed terminal and ``--max-time``: asking a session to stop, and knowing why it did."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Literal

Reason = Literal["interrupted", "time", "unread"]
"""A signal; ``--max-time``; nobody reads the output any more."""


class Stopper:
    """Whether to stop, and the first reason to. Times are those of ``time.monotonic``."""

    def __init__(self, max_seconds: float | None) -> None:
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self.reason: Reason | None = None

    def should_stop(self) -> bool:
        """True from the first signal or the deadline on."""
        if self.reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = "time"
        return self.reason is not None

    def stop(self, reason: Reason) -> None:
        """Ask to stop, for ``reason`` unless there is one already."""
        self.reason = self.reason or reason

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While open, the first Ctrl-C, SIGTERM or SIGHUP asks to stop and a second one stops at once.

        A command that was started with ``nohup`` outlives its terminal, as was asked for.
        """

        def handle(number: int, frame: FrameType | None) -> None:
            del number, frame
            if self.reason == "interrupted":
                raise KeyboardInterrupt
            self.reason = "interrupted"
            with suppress(OSError):  # a terminal that was closed takes no words
                print("\nstopping after this step and saving; once more to stop at once", file=sys.stderr)  # noqa: T201

        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
