"""Telling somebody else's code what happens, and stopping for it: what is computed is saved before anything is raised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pkbench.execute.checks import CheckEnded
from pkbench.execute.events import Event, RunEnded

Told = Event | CheckEnded
"""An event; of a theory or audit spec a check that has a record."""


class Interrupt:
    """Whether Ctrl-C came."""

    def __init__(self) -> None:
        self.came = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.came:
            raise KeyboardInterrupt
        self.came = True

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While open, the first Ctrl-C only sets :attr:`came`, and is raised at the end; a second one is raised at once.

        Outside of the main thread nothing changes: Python gives no other thread signals.

        Raises:
            KeyboardInterrupt: Ctrl-C came.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        if self.came:
            raise KeyboardInterrupt


class Listener:
    """Who is told of events and whether to stop: at Ctrl-C, or where whoever listens has failed."""

    def __init__(self, on_event: Callable[[Told], None]) -> None:
        self.ended: list[RunEnded] = []
        self.checks: list[CheckEnded] = []
        self._on_event = on_event
        self._interrupt = Interrupt()
        self._error: Exception | None = None

    def tell(self, event: Told) -> None:
        """Tell of ``event``, and keep it where something ended by it."""
        if isinstance(event, RunEnded):
            self.ended.append(event)
        elif isinstance(event, CheckEnded):
            self.checks.append(event)
        if self._error is None:
            try:
                self._on_event(event)
            except Exception as error:
                # No failure of the run that is told of.
                self._error = error

    def should_stop(self) -> bool:
        """True from Ctrl-C or a failure on."""
        return self._interrupt.came or self._error is not None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Raise at the end what was kept back meanwhile.

        Raises:
            KeyboardInterrupt: Ctrl-C came.
            Exception: what ``on_event`` raised.
        """
        with self._interrupt.deferred():
            yield
        if self._error is not None:
            raise self._error
