"""Carrying out a prepared spec: stoppable, told by events, beside other processes that do the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from pkbench.execute.compare import compare
from pkbench.execute.context import Context, code_identity, new_invocation
from pkbench.execute.device import resolve_device, resolve_jobs
from pkbench.execute.elsewhere import ended_elsewhere, waiting
from pkbench.execute.events import Event, Note, RunTaken
from pkbench.execute.holds import Holds
from pkbench.execute.outside import OutsideWork, perform_outside
from pkbench.execute.performer import Performer
from pkbench.execute.prepare import Prepared, Selection, prepare
from pkbench.execute.stacking import stacking_here
from pkbench.execute.tidy import tidy
from pkbench.execute.workers import WorkerPool
from pkbench.extend.executor import ExecutorExtension
from pkbench.extend.load import Loaded, load
from pkbench.extend.roles import EXECUTORS
from pkbench.plan.engine import AUTO, check_engine, check_parts, check_precision, engine_for_parts
from pkbench.plan.run import Run
from pkbench.plan.stack import Group, Stacking, check_stack, groups
from pkbench.spec.load import LoadedSpec
from pkbench.store.files import Store
from pkbench.store.record import ExtensionIdentity, Invocation, SpecIdentity


@dataclass(frozen=True, slots=True)
class Options:
    """How to carry out runs; nothing here shapes their results."""

    results: Path
    device: str = "auto"
    jobs: int | None = None
    checkpoint_seconds: float = 60.0
    """Wall time between two checkpoints of a run; infinite where only epochs count."""
    engine: str = AUTO
    stack: int | None = None
    """Most runs that train as one stack, 1 for none; ``None``: as many as are measured to be fastest."""
    checkpoint_epochs: int | None = None
    """Epochs between two checkpoints of a run besides."""
    accumulate: int | None = 1
    """Parts that batches are computed in for want of memory; ``None``: as many as memory demands."""
    executor: str | None = None
    """Name of the extension that has the runs computed; ``None``: pkbench itself."""


class Session:
    """One command's work on one spec. Others may be at work on it: see :mod:`pkbench.execute.holds`.

    ``workers`` compute for it where several runs are computed at once; without them it has its own.

    Raises:
        ExtensionError: the executor that is asked for is not installed, or cannot be used.
    """

    def __init__(
        self,
        loaded: LoadedSpec,
        selection: Selection,
        options: Options,
        invocation: Invocation | None = None,
        workers: WorkerPool | None = None,
    ) -> None:
        self.loaded = loaded
        self.selection = selection
        self.options = options
        self.invocation = invocation or new_invocation()
        self.workers = workers
        name = options.executor
        self.executor: Loaded[ExecutorExtension] | None = None if name is None else load(EXECUTORS, name)

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
            ExtensionError: an extension's executor fails, or leaves runs.
        """
        spec_id = self.loaded.spec.experiment.id
        device = resolve_device(self.options.device)
        store = Store(self.options.results)
        for message in tidy(store, spec_id):
            emit(Note(message))
        prepared = prepare(self.loaded, self.selection, self.options.results)
        for problem in prepared.problems:
            emit(Note(problem))
        runs = prepared.to_run
        check_stack(self.options.stack, self.options.engine, self.options.accumulate)
        engine = engine_for_parts(self.options.engine, self.options.accumulate)
        kind = device.partition(":")[0]
        check_precision(runs, kind)
        check_engine(engine, runs, kind)
        check_parts(self.options.accumulate, runs)
        jobs = resolve_jobs(self.options.jobs, device, prepared.scaled.train.cpu_threads, len(runs))
        on_prepared(prepared, jobs)
        context = self._context(prepared, device, min(jobs, len(runs)), engine)
        if runs and not should_stop():
            claims = prepared.scaled.spec.claim
            stacking = stacking_here(engine, device, self.options.stack, jobs, claims)
            self._compute(runs, stacking, context, jobs, emit, should_stop)
        if prepared.comparisons:
            data = Performer(context, emit, should_stop, fresh=False).data
            fresh = self.selection.fresh
            compare(prepared.comparisons, context, data, emit, should_stop, fresh=fresh)
        return prepared

    def _compute(
        self,
        runs: list[Run],
        stacking: Stacking,
        context: Context,
        jobs: int,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Compute those of ``runs`` that nobody else does, then what others leave when they stop or are killed."""
        holds = Holds(Store(context.results).folder(context.spec.id))
        to_do, elsewhere = runs, list[Run]()
        while (to_do or elsewhere) and not should_stop():
            if to_do:
                taken = self._perform(groups(to_do, stacking), context, jobs, emit, should_stop)
                elsewhere += [run for run in to_do if run.run_id in taken]
                to_do = []
                if elsewhere:
                    emit(Note(waiting(elsewhere)))
            else:
                free = holds.wait_for_any([str(run.run_id) for run in elsewhere], should_stop)
                to_do = [run for run in elsewhere if run.run_id in free]
                elsewhere = [run for run in elsewhere if run.run_id not in free]
                ended = {run.run_id: ended_elsewhere(run, context, fresh=self.selection.fresh) for run in to_do}
                to_do = [run for run in to_do if ended[run.run_id] is None]
                for event in ended.values():
                    if event is not None:
                        emit(event)

    def _perform(
        self,
        parts: list[Group],
        context: Context,
        jobs: int,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> set[str]:
        """Compute ``parts``; ids of the runs in them that another process has."""
        fresh, taken = self.selection.fresh, set[str]()

        def tell(event: Event) -> None:
            if isinstance(event, RunTaken):
                taken.add(event.run_id)
            else:
                emit(event)

        if self.executor is not None:
            perform_outside(self.executor, parts, OutsideWork(context, fresh), tell, should_stop)
        elif jobs > 1:
            with nullcontext(self.workers) if self.workers is not None else WorkerPool() as workers:
                workers.perform(parts, context, jobs, tell, should_stop, fresh=fresh)
        else:
            performer = Performer(context, tell, should_stop, fresh=fresh)
            for part in parts:
                performer.perform(part)
        return taken

    def _context(self, prepared: Prepared, device: str, jobs: int, engine: str) -> Context:
        experiment = self.loaded.spec.experiment
        code = code_identity()
        if self.executor is not None:
            code = code.model_copy(update={"extensions": (ExtensionIdentity.of(self.executor.installed),)})
        return Context(
            results=self.options.results,
            spec=SpecIdentity(id=experiment.id, title=experiment.title, sha256=self.loaded.sha256),
            base=self.loaded.path.parent,
            profile=self.selection.profile,
            device=device,
            checkpoint_seconds=self.options.checkpoint_seconds,
            invocation=self.invocation,
            code=code,
            engine=engine,
            jobs=jobs,
            stack=self.options.stack,
            checkpoint_epochs=self.options.checkpoint_epochs,
            retry_failed=self.selection.retry_failed,
            accumulate=self.options.accumulate,
            keep_weights=prepared.compared,
        )
