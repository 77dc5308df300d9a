"""Ctrl-C, SIGTERM, a closed terminal and ``--max-time``: asking a session to stop, knowing why it did, and leaving where it cannot.

Python runs handlers of signals between its own instructions: while a step is computed in C there are none. So a thread hears
of every signal as well, from the kernel through a pipe, and ends the process where the main thread has not come to it in time.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Literal

EXIT_INTERRUPTED = 130
TERM_SECONDS = 8.0
"""From SIGTERM, which announces SIGKILL, to leaving in any case: what is sent before a machine is taken away gives 10 s or more."""
_AT_ONCE_SECONDS = 1.0
"""The same from the second Ctrl-C."""
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
        """While open, Ctrl-C, SIGTERM and SIGHUP ask to stop.

        A second Ctrl-C stops at once. After SIGTERM the process ends within :data:`TERM_SECONDS`; more of them change nothing,
        because some senders send it to the process and to its group. A command that was started with ``nohup`` outlives its
        terminal, as was asked for.
        """
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        threading.Thread(target=_leave_in_time, args=(reader,), name="pkbench-signals", daemon=True).start()
        wakeup_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup_before)
            os.close(writer)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.reason != "interrupted":
            self.reason = "interrupted"
            # Not print: the signal may have come while something is printed.
            with suppress(OSError):  # a terminal that was closed takes no words
                os.write(2, b"\nstopping after this step and saving; Ctrl-C once more to stop at once\n")
        elif number == signal.SIGINT:
            raise KeyboardInterrupt


def _leave_in_time(reader: int) -> None:
    """End the process where signals that come through ``reader`` were not followed in time; returns when the pipe is closed."""
    interrupts, deadline = 0, float("inf")
    while True:
        left = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
        if not select.select([reader], [], [], left)[0]:
            with suppress(OSError):
                os.write(
                    2,
                    b"\nleaving in the middle of something; what was saved before is whole, and the same command goes on\n",
                )
            os._exit(EXIT_INTERRUPTED)
        numbers = os.read(reader, 64)
        if not numbers:
            os.close(reader)
            return
        interrupts += numbers.count(signal.SIGINT)
        if signal.SIGTERM in numbers:
            deadline = min(deadline, time.monotonic() + TERM_SECONDS)
        if interrupts > 1:
            deadline = min(deadline, time.monotonic() + _AT_ONCE_SECONDS)
