"""A display whose output may go away while runs are computed: they are not to fail by it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from pkbench.cli.console import forget_output

if TYPE_CHECKING:
    from pkbench.cli.progress import Display
    from pkbench.cli.stopping import Stopper
    from pkbench.execute.events import Event
    from pkbench.execute.prepare import Prepared
    from pkbench.execute.remaining import Remaining


class Patient:
    """Shows what ``display`` shows, until that fails.

    Where the reader has gone (``| head``), the command is asked to stop, as every command ends then; runs save before they do.
    Where output cannot be written for another reason (a log on a full disk, a terminal that was closed), they go on without.
    """

    def __init__(self, display: Display, stopper: Stopper) -> None:
        self._display = display
        self._stopper = stopper
        self._silent = False

    def prepared(self, prepared: Prepared, jobs: int, remaining: Remaining) -> None:
        """What is about to be done, and who knows how long it takes."""
        self._try(lambda: self._display.prepared(prepared, jobs, remaining))

    def event(self, event: Event) -> None:
        """Something happened."""
        self._try(lambda: self._display.event(event))

    def close(self) -> None:
        """No more events."""
        self._try(self._display.close)

    def _try(self, show: Callable[[], None]) -> None:
        if self._silent:
            return
        try:
            show()
        except BrokenPipeError:
            self._give_up()
            self._stopper.stop("unread")
        except OSError as error:
            self._give_up()
            with suppress(OSError):
                print(f"note: output cannot be written ({error.strerror}); runs go on", file=sys.stderr)  # noqa: T201

    def _give_up(self) -> None:
        self._silent = True
        forget_output()
