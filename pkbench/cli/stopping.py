"""Ctrl-C, SIGTERM and ``--max-time``: asking a session to stop, and knowing why it did."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal


class Stopper:
    """Whether to stop, and the first reason to. Times are those of ``time.monotonic``."""

    def __init__(self, max_seconds: float | None) -> None:
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self.reason: Literal["interrupted", "time"] | None = None

    def should_stop(self) -> bool:
        """True from the first signal or the deadline on."""
        if self.reason is None and self._deadline is not None and time.monotonic() >= self._deadline:
            self.reason = "time"
        return self.reason is not None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While open, the first Ctrl-C or SIGTERM asks to stop and a second one stops at once."""

        def handle(number: int, frame: FrameType | None) -> None:
            del number, frame
            if self.reason == "interrupted":
                raise KeyboardInterrupt
            self.reason = "interrupted"
            print("\nstopping after this step and saving; once more to stop at once", file=sys.stderr)  # noqa: T201

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
