"""Carries out runs one after another in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pkbench.execute.context import Context
from pkbench.execute.events import Event
from pkbench.plan.run import Run

if TYPE_CHECKING:
    from pkbench.data.dataset import Dataset


class Performer:
    """Performs runs here, keeping the last data set in memory: runs are ordered by data set.

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

    def perform(self, run: Run) -> None:
        """Carry out ``run``; what comes out is in the store and told by events."""
        from pkbench.execute.perform import Performance
        from pkbench.train.steps import compute_alone

        performance = Performance(run, self._context, self._emit, self._should_stop)
        compute_alone(performance.steps(lambda: self.data(run), fresh=self._fresh))

    def data(self, run: Run) -> Dataset:
        """The data set of ``run``, read unless it is that of the run before."""
        from pkbench.data.dataset import load

        key = run.data.model_dump_json()
        if self._dataset is None or key != self._key:
            self._dataset = None
            self._dataset = load(run.data, self._context.base, self._context.device)
            self._key = key
        return self._dataset
