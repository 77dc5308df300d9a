"""Groups of runs in worker processes: each takes one after another, a dead one costs only the group it had.

Workers are spawned, not forked, because torch's threads and CUDA do not survive a fork. They ignore Ctrl-C and SIGTERM, which
often go to all processes of a job: the parent decides, and tells them through an event that every training step looks at.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event as StopFlag

from pkbench.errors import PkbenchError
from pkbench.execute.context import Context
from pkbench.execute.death import record_death
from pkbench.execute.events import Event, RunEnded, RunStarted, RunTaken
from pkbench.execute.holds import Holds
from pkbench.execute.performer import Performer
from pkbench.plan.run import Run
from pkbench.plan.stack import Group
from pkbench.store.files import Store

_PR_SET_PDEATHSIG = 1
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM})
"""Signals that no program gets for a fault of its own: a person sent them, or a system whose memory is full."""
_CRASHES_TOLERATED = 2
"""Times one run may take its worker down before it is recorded as failed."""


def _work(connection: Connection, context: Context, stop: StopFlag, fresh: bool) -> None:
    """A worker's life: receive a group, perform it, say so; end at ``None``."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _die_with_parent()

    def emit(event: Event) -> None:
        try:
            connection.send(event)
        except OSError:
            # The parent has gone, and the kernel is about to end this process: no failure of the run.
            os._exit(1)

    performer = Performer(context, emit, stop.is_set, fresh=fresh)
    while (group := connection.recv()) is not None:
        try:
            performer.perform(group)
        except PkbenchError as error:
            connection.send(error)
            return
        connection.send(None)


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, however that happens (Linux)."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


class _Worker:
    """A worker process and what it is doing."""

    def __init__(self, context: Context, stop: StopFlag, *, fresh: bool) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process: SpawnProcess = spawn.Process(target=_work, args=(theirs, context, stop, fresh), daemon=True)
        self.process.start()
        theirs.close()
        self.group: Group | None = None
        """Those of the runs it was given that have not ended; ``None`` where it has nothing to do."""
        self.began = False
        """Whether one of them has begun: before that there is nothing to save."""

    def give(self, group: Group | None) -> None:
        """Hand over a group, or ``None`` to end."""
        self.group = group
        self.began = False
        try:
            self.connection.send(group)
        except (BrokenPipeError, ConnectionResetError):
            # It died meanwhile; waiting on its pipe will tell.
            return


class WorkerPool:
    """Carries out groups of runs in ``jobs`` worker processes."""

    def __init__(self, context: Context, jobs: int, *, fresh: bool) -> None:
        self._context = context
        self._jobs = jobs
        self._fresh = fresh
        self._stop = multiprocessing.get_context("spawn").Event()
        self._workers: list[_Worker] = []
        self._queue: deque[Group] = deque()
        self._crashes: dict[str | None, int] = {}
        self._error: PkbenchError | None = None

    def perform(self, groups: Sequence[Group], emit: Callable[[Event], None], should_stop: Callable[[], bool]) -> None:
        """Carry out ``groups``; returns when all are over, or when stopped and all workers have saved.

        Raises:
            PkbenchError: a worker could not write its results; the others have been stopped and have saved.
        """
        self._queue.extend(groups)
        try:
            self._workers = [self._start() for _ in range(min(self._jobs, len(groups)))]
            for worker in self._workers:
                worker.give(self._queue.popleft())
            while any(worker.group is not None for worker in self._workers):
                if (should_stop() or self._error is not None) and not self._stop.is_set():
                    self._stop_workers()
                busy: list[Connection] = [worker.connection for worker in self._workers if worker.group is not None]
                for ready in wait(busy, timeout=0.2):
                    self._receive(next(w for w in self._workers if w.connection is ready), emit)
        finally:
            self._end()
        if self._error is not None:
            raise self._error

    def _stop_workers(self) -> None:
        """Let those that have begun a run save it; those that load libraries or data have nothing to save."""
        self._stop.set()
        self._queue.clear()
        for worker in self._workers:
            if worker.group is not None and not worker.began:
                worker.group = None
                worker.process.kill()

    def _start(self) -> _Worker:
        return _Worker(self._context, self._stop, fresh=self._fresh)

    def _receive(self, worker: _Worker, emit: Callable[[Event], None]) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._bury(worker, emit)
            return
        if isinstance(message, PkbenchError):
            worker.group, self._error = None, message
            return
        if message is None:
            worker.give(self._queue.popleft() if self._queue else None)
        else:
            worker.began = worker.began or isinstance(message, RunStarted)
            if isinstance(message, RunEnded | RunTaken) and worker.group is not None:
                worker.group = tuple(run for run in worker.group if run.run_id != message.run_id)
            emit(message)

    def _bury(self, worker: _Worker, emit: Callable[[Event], None]) -> None:
        """A worker died: try what it had again in a new one, or record the failure if it keeps happening."""
        worker.process.join()
        group, worker.group = worker.group or (), None
        if len(group) == 1:
            self._blame(group[0], worker.process.exitcode or 0, emit)
        elif not self._stop.is_set():
            # Nobody knows whose fault it was, and together they may not fit: one by one, no run can harm another.
            self._queue.extendleft((run,) for run in reversed(group))
        if self._queue:
            self._workers.remove(worker)
            replacement = self._start()
            self._workers.append(replacement)
            replacement.give(self._queue.popleft())

    def _blame(self, run: Run, code: int, emit: Callable[[Event], None]) -> None:
        """The worker that had ``run`` alone died with this exit code."""
        if run.run_id is None:
            return
        cause = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        crashes = self._crashes[run.run_id] = self._crashes.get(run.run_id, 0) + 1
        if crashes >= _CRASHES_TOLERATED:
            killed = -code in _FROM_OUTSIDE
            advice = f"; memory may be too small for {self._jobs} jobs" if killed else ""
            message = f"its process died {crashes} times ({cause}){advice}"
            with Holds(Store(self._context.results).folder(run.spec_id)).held([run.run_id]) as mine:
                if mine:
                    record_death(run, self._context, "worker-killed" if killed else "worker-died", message)
            # Another process may have taken it up the moment that ours died.
            emit(RunEnded(run.run_id, "failed", message, None) if mine else RunTaken(run.run_id))
        elif not self._stop.is_set():
            self._queue.appendleft((run,))

    def _end(self) -> None:
        for worker in self._workers:
            if worker.group is None and worker.process.is_alive():
                worker.process.join(timeout=5)
            if worker.process.is_alive():
                worker.process.kill()
            worker.process.join()
            worker.connection.close()
