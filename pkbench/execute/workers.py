"""Groups of runs in worker processes: each takes one after another, a dead one costs only the group it had.

They stay from spec to spec, because loading torch takes longer than many a small spec.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event as StopFlag

from pkbench.errors import PkbenchError
from pkbench.execute.context import Context
from pkbench.execute.death import record_death
from pkbench.execute.events import Event, RunEnded, RunStarted, RunTaken
from pkbench.execute.holds import Holds
from pkbench.execute.worker import SpecWork, Worker
from pkbench.plan.run import Run
from pkbench.plan.stack import Group
from pkbench.store.files import Store

_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM})
"""Signals that no program gets for a fault of its own: a person sent them, or a system whose memory is full."""
_CRASHES_TOLERATED = 2
"""Times one run may take its worker down before it is recorded as failed."""


class WorkerPool:
    """Worker processes that carry out the groups of one spec after another until the pool is closed."""

    def __init__(self) -> None:
        self._spec: SpecWork | None = None
        self._jobs = 1
        self._stop: StopFlag = multiprocessing.get_context("spawn").Event()
        self._workers: list[Worker] = []
        self._queue: deque[Group] = deque()
        self._crashes: dict[str | None, int] = {}
        self._error: PkbenchError | None = None

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def perform(
        self,
        groups: Sequence[Group],
        context: Context,
        jobs: int,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        *,
        fresh: bool,
    ) -> None:
        """Carry out ``groups``, ``jobs`` at once; returns when all are over, or when stopped and all workers have saved.

        Raises:
            PkbenchError: a worker could not write its results; the others have been stopped and have saved.
        """
        self._spec, self._jobs = SpecWork(context, fresh), jobs
        self._queue.extend(groups)
        try:
            self._begin(min(jobs, len(groups)))
            while any(worker.group is not None for worker in self._workers):
                if (should_stop() or self._error is not None) and not self._stop.is_set():
                    self._stop_workers()
                busy: list[Connection] = [worker.connection for worker in self._workers if worker.group is not None]
                for ready in wait(busy, timeout=0.2):
                    self._receive(next(w for w in self._workers if w.connection is ready), emit)
        except BaseException:
            self.close()
            raise
        error, self._error = self._error, None
        # Only with its process is all memory of a GPU given back.
        if self._stop.is_set() or error is not None or context.device != "cpu":
            self.close()
        if error is not None:
            raise error

    def close(self) -> None:
        """End all workers: those that have a run at once, the others when they have tidied up."""
        for worker in self._workers:
            worker.send(None)
        for worker in self._workers:
            if worker.group is None and worker.process.is_alive():
                worker.process.join(timeout=5)
            if worker.process.is_alive():
                worker.process.kill()
            worker.process.join()
            worker.connection.close()
        self._workers.clear()
        self._stop = multiprocessing.get_context("spawn").Event()

    def _begin(self, count: int) -> None:
        """Give each of ``count`` workers a group: those that are here first."""
        for worker in [worker for worker in self._workers if not worker.process.is_alive()]:
            worker.connection.close()
            self._workers.remove(worker)
        for worker in self._workers[:count]:
            self._employ(worker)
        while len(self._workers) < count:
            self._employ(self._start())

    def _start(self) -> Worker:
        worker = Worker(self._stop)
        self._workers.append(worker)
        return worker

    def _employ(self, worker: Worker) -> None:
        """Tell ``worker`` what this spec is, and give it the next group."""
        worker.send(self._spec)
        worker.give(self._queue.popleft())

    def _stop_workers(self) -> None:
        """Let those that have begun a run save it; those that load libraries or data have nothing to save."""
        self._stop.set()
        self._queue.clear()
        for worker in self._workers:
            if worker.group is not None and not worker.began:
                worker.group = None
                worker.process.kill()

    def _receive(self, worker: Worker, emit: Callable[[Event], None]) -> None:
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

    def _bury(self, worker: Worker, emit: Callable[[Event], None]) -> None:
        """A worker died: try what it had again in a new one, or record the failure if it keeps happening."""
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
        group, worker.group = worker.group or (), None
        if len(group) == 1:
            self._blame(group[0], worker.process.exitcode or 0, emit)
        elif not self._stop.is_set():
            # Nobody knows whose fault it was, and together they may not fit: one by one, no run can harm another.
            self._queue.extendleft((run,) for run in reversed(group))
        if self._queue:
            self._employ(self._start())

    def _blame(self, run: Run, code: int, emit: Callable[[Event], None]) -> None:
        """The worker that had ``run`` alone died with this exit code."""
        if run.run_id is None or self._spec is None:
            return
        context = self._spec.context
        cause = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        crashes = self._crashes[run.run_id] = self._crashes.get(run.run_id, 0) + 1
        if crashes >= _CRASHES_TOLERATED:
            killed = -code in _FROM_OUTSIDE
            advice = f"; memory may be too small for {self._jobs} jobs" if killed else ""
            message = f"its process died {crashes} times ({cause}){advice}"
            with Holds(Store(context.results).folder(run.spec_id)).held([run.run_id]) as mine:
                if mine:
                    record_death(run, context, "worker-killed" if killed else "worker-died", message)
            # Another process may have taken it up the moment that ours died.
            emit(RunEnded(run.run_id, "failed", message, None) if mine else RunTaken(run.run_id))
        elif not self._stop.is_set():
            self._queue.appendleft((run,))
