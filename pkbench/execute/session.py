"""Carrying out a prepared spec: one at a time per result folder, stoppable, told by events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pkbench.errors import StoreError
from pkbench.execute.compare import compare
from pkbench.execute.context import Context, code_identity, new_invocation
from pkbench.execute.device import resolve_device, resolve_jobs
from pkbench.execute.events import Event, Note
from pkbench.execute.performer import Performer
from pkbench.execute.prepare import Prepared, Selection, prepare
from pkbench.execute.stacking import stacking_here
from pkbench.execute.workers import WorkerPool
from pkbench.plan.engine import AUTO, check_engine, engine_for_parts
from pkbench.plan.stack import Group, check_stack, groups
from pkbench.spec.load import LoadedSpec
from pkbench.store.files import Store
from pkbench.store.record import Invocation, SpecIdentity


@dataclass(frozen=True, slots=True)
class Options:
    """How to carry out runs; nothing here shapes their results."""

    results: Path
    device: str = "auto"
    jobs: int | None = None
    checkpoint_seconds: float = 60.0
    engine: str = AUTO
    stack: int | None = None
    """Most runs that train as one stack, 1 for none; ``None``: as many as are measured to be fastest."""
    accumulate: int | None = 1
    """Parts that batches are computed in for want of memory; ``None``: as many as memory demands."""


class Session:
    """One command's work on one spec.

    The lock on the result folder is the kernel's: it ends with the process that holds it, however that ends.
    """

    def __init__(
        self, loaded: LoadedSpec, selection: Selection, options: Options, invocation: Invocation | None = None
    ) -> None:
        self.loaded = loaded
        self.selection = selection
        self.options = options
        self.invocation = invocation or new_invocation()

    def run(
        self,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        on_prepared: Callable[[Prepared, int], None] = lambda _prepared, _jobs: None,
    ) -> Prepared:
        """Compute what is missing; the decisions that were carried out.

        ``on_prepared`` is called with them and the number of runs at once before anything is computed.

        Raises:
            StoreError: the result folder cannot be written.
            UsageError: the device is not here, a selector matches nothing, or the engine cannot compute a run.
        """
        spec_id = self.loaded.spec.experiment.id
        device = resolve_device(self.options.device)
        store = Store(self.options.results)
        with locked(store.folder(spec_id), emit, should_stop):
            for message in store.set_aside_damaged(spec_id):
                emit(Note(message))
            prepared = prepare(self.loaded, self.selection, self.options.results)
            for problem in prepared.problems:
                emit(Note(problem))
            runs = prepared.to_run
            check_stack(self.options.stack, self.options.engine, self.options.accumulate)
            engine = engine_for_parts(self.options.engine, self.options.accumulate)
            check_engine(engine, runs, device.partition(":")[0])
            jobs = resolve_jobs(self.options.jobs, device, prepared.scaled.train.cpu_threads, len(runs))
            on_prepared(prepared, jobs)
            context = self._context(prepared, device, min(jobs, len(runs)), engine)
            if runs and not should_stop():
                claims = prepared.scaled.spec.claim
                stacking = stacking_here(engine, device, self.options.stack, jobs, claims)
                self._perform(groups(runs, stacking), context, jobs, emit, should_stop)
            if prepared.comparisons:
                data = Performer(context, emit, should_stop, fresh=False).data
                fresh = self.selection.fresh
                compare(prepared.comparisons, context, data, emit, should_stop, fresh=fresh)
        return prepared

    def _perform(
        self,
        parts: list[Group],
        context: Context,
        jobs: int,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        fresh = self.selection.fresh
        if jobs > 1:
            WorkerPool(context, jobs, fresh=fresh).perform(parts, emit, should_stop)
            return
        performer = Performer(context, emit, should_stop, fresh=fresh)
        for part in parts:
            performer.perform(part)

    def _context(self, prepared: Prepared, device: str, jobs: int, engine: str) -> Context:
        experiment = self.loaded.spec.experiment
        return Context(
            results=self.options.results,
            spec=SpecIdentity(id=experiment.id, title=experiment.title, sha256=self.loaded.sha256),
            base=self.loaded.path.parent,
            profile=self.selection.profile,
            device=device,
            checkpoint_seconds=self.options.checkpoint_seconds,
            invocation=self.invocation,
            code=code_identity(),
            engine=engine,
            jobs=jobs,
            stack=self.options.stack,
            accumulate=self.options.accumulate,
            keep_weights=prepared.compared,
        )


@contextmanager
def locked(folder: Path, emit: Callable[[Event], None], should_stop: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock of ``folder``, made where needed; waits, saying so, for another pkbench that has it.

    Raises:
        StoreError: the folder cannot be written, or the user stopped the waiting.
    """
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _acquire(lock, folder, emit, should_stop)
    except OSError as error:
        raise StoreError(
            f"cannot write in {folder}: {error.strerror or error}", remedy="choose another folder with --results"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, folder: Path, emit: Callable[[Event], None], should_stop: Callable[[], bool]) -> None:
    waiting = False
    while True:
        try:
            lock.acquire(timeout=1 if waiting else 0)
        except Timeout:
            if should_stop():
                raise StoreError(f"stopped while waiting for another pkbench in {folder}") from None
            if not waiting:
                emit(Note(f"another pkbench is working in {folder}; waiting for it to end"))
            waiting = True
        else:
            return
