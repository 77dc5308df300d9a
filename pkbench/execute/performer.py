"""Carries out groups of runs one after another in this process, a group in a stack where that is faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pkbench.errors import DataError
from pkbench.execute.context import Context
from pkbench.execute.elsewhere import ended_elsewhere
from pkbench.execute.events import Event, Note, RunTaken
from pkbench.execute.holds import Holds
from pkbench.plan.run import Run
from pkbench.plan.stack import Group, cut
from pkbench.store.files import Store

if TYPE_CHECKING:
    from pkbench.data.dataset import Dataset
    from pkbench.execute.stack_width import StackWidths


class Performer:
    """Performs groups of runs here, keeping the last data set in memory: runs are ordered by data set.

    Torch is imported with the first run, so that a process that only hands out runs stays small.
    """

    def __init__(
        self, context: Context, emit: Callable[[Event], None], should_stop: Callable[[], bool], *, fresh: bool
    ) -> None:
        self._context = context
        self._emit = emit
        self._should_stop = should_stop
        self._fresh = fresh
        self._key: str | None = None
        self._dataset: Dataset | None = None
        self._widths: StackWidths | None = None
        self._holds = Holds(Store(context.results).folder(context.spec.id))

    def perform(self, group: Group) -> None:
        """Carry out those runs of ``group`` that nobody else does; what comes out is in the store and told by events."""
        for runs in cut(group, self._width(group)):
            if self._should_stop():
                return
            with self._holds.held([run.run_id for run in runs if run.run_id is not None]) as mine:
                left = tuple(run for run in runs if self._is_left(run, mine))
                if len(left) == 1:
                    self._alone(left[0], fresh=self._fresh)
                elif left:
                    self._together(left)

    def _is_left(self, run: Run, mine: Sequence[str]) -> bool:
        """Whether ``run``, which is held if ``mine`` names it, is to be computed here; tells where others do or did."""
        if run.run_id is not None and run.run_id not in mine:
            self._emit(RunTaken(run.run_id))
            return False
        ended = ended_elsewhere(run, self._context, fresh=self._fresh)
        if ended is not None:
            self._emit(ended)
        return ended is None

    def _width(self, group: Group) -> int:
        """How many runs of ``group``, which can share a stack, do so."""
        if len(group) == 1 or self._context.stack is not None:
            return len(group)
        if self._widths is None:
            import torch

            from pkbench.execute.stack_width import StackWidths

            self._widths = StackWidths(self._context.engine, torch.device(self._context.device))
        return self._widths.of(group)

    def _alone(self, run: Run, *, fresh: bool) -> None:
        from pkbench.execute.perform import Performance
        from pkbench.train.steps import compute_alone

        performance = Performance(run, self._context, self._emit, self._should_stop)
        compute_alone(performance.steps(lambda: self.data(run), fresh=fresh))

    def _together(self, runs: Group) -> None:
        """Train ``runs`` in a stack; where that fails, one by one from where they were last saved."""
        from pkbench.execute.perform import Performance
        from pkbench.train.steps import StackError
        from pkbench.train.together import compute_together

        performances = [
            Performance(run, self._context, self._emit, self._should_stop, stacked=len(runs)) for run in runs
        ]
        try:
            compute_together([p.steps(partial(self.data, p.run), fresh=self._fresh) for p in performances])
        except StackError as error:
            left = [performance.run for performance in performances if not performance.over]
            self._emit(Note(f"{len(left)} runs could not go on as one stack ({error}); they are trained one by one"))
            for run in left:
                if not self._should_stop():
                    self._alone(run, fresh=False)

    def data(self, run: Run) -> Dataset:
        """The data set of ``run``, read unless it is that of the run before.

        Raises:
            DataError: it is missing, damaged, or no longer what the run's id was made of.
        """
        from pkbench.data.dataset import load
        from pkbench.execute.failures import data_as_planned

        key = run.data.model_dump_json()
        if self._dataset is None or key != self._key:
            self._dataset = None
            dataset = load(run.data, self._context.base, self._context.device)
            if not data_as_planned(run, self._context):
                raise DataError(
                    f"the files of data set {run.data.id} changed since this command read them",
                    remedy="the same command computes the runs on the data as it is now",
                )
            self._dataset, self._key = dataset, key
        return self._dataset
