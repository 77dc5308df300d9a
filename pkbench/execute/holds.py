"""Who computes what, where several pkbench share a results folder: what is computed is held by who computes it.

A hold on a run, a comparison or a check is a lock of the kernel on ``RESULTS/SPEC/locks/ID.lock``. It ends with the process
that has it, however that ends, so none has to be removed by hand. The files stay, empty: where one is deleted, two processes
can hold what they take for the same file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pkbench.errors import StoreError
from pkbench.execute.events import Event, Note

_POLL_SECONDS = 0.5
"""Between two looks at what others hold."""


class Holds:
    """The holds on what one spec asks for, by ids of 16 hexadecimal digits; ``folder`` is the spec's in the results."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "locks"

    @contextmanager
    def held(self, ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
        """Hold, while open, those of ``ids`` that nobody else does; they are given in order.

        Raises:
            StoreError: the folder cannot be written, or its file system has no locks.
        """
        with ExitStack() as stack:
            yield tuple(name for name in ids if self._take(name, stack))

    def each(
        self,
        ids: Sequence[str],
        action: Callable[[str], None],
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        """Call ``action`` with each of ``ids`` while it is held, those last that others hold; whether it came to all.

        It waits for others, and says so once.

        Raises:
            StoreError: as in :meth:`held`.
        """
        left, told = list(ids), False
        while left:
            elsewhere = []
            for name in left:
                if should_stop():
                    return False
                with self.held([name]) as mine:
                    if mine:
                        action(name)
                    else:
                        elsewhere.append(name)
            if elsewhere and not told:
                emit(Note(f"another pkbench computes {len(elsewhere)} of these at this moment; waiting for it"))
                told = True
            if elsewhere:
                time.sleep(_POLL_SECONDS)
            left = elsewhere
        return True

    def wait_for_any(self, ids: Sequence[str], should_stop: Callable[[], bool]) -> tuple[str, ...]:
        """Those of ``ids`` that nobody holds, once there are any; none where it is to stop.

        Raises:
            StoreError: as in :meth:`held`.
        """
        while not should_stop():
            with self.held(ids) as free:
                if free:
                    return free
            time.sleep(_POLL_SECONDS)
        return ()

    def _take(self, name: str, stack: ExitStack) -> bool:
        """Hold ``name`` until ``stack`` is closed; whether nobody else did."""
        # Locks that only look like the kernel's would outlive a killed process.
        lock = FileLock(self._folder / f"{name}.lock", fallback_to_soft=False)
        if self._folder.is_symlink():
            raise StoreError(
                f"{self._folder} is a link to {self._folder.readlink()}",
                constraint="what is below the results is written where it seems to be",
                remedy="put the folder itself there, or name another place with --results",
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout:
            return False
        except OSError as error:
            raise StoreError(
                f"cannot write in {self._folder}: {error.strerror or error}",
                remedy="choose another folder with --results",
            ) from error
        stack.callback(lock.release)
        return True
