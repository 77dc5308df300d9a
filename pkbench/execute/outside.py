"""Runs computed by an extension's executor: it hands out groups, holds and records stay pkbench's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from pkbench.execute.context import Context
from pkbench.execute.events import Event, RunEnded, RunTaken
from pkbench.execute.performer import Performer
from pkbench.extend.executor import ExecutorExtension
from pkbench.extend.load import Loaded
from pkbench.plan.stack import Group


@dataclass(frozen=True, slots=True)
class OutsideWork:
    """See :class:`pkbench.extend.executor.Work`."""

    context: Context
    fresh: bool

    @property
    def jobs(self) -> int:
        """Runs at once."""
        return self.context.jobs

    def performer(self, emit: Callable[[Any], None], should_stop: Callable[[], bool]) -> Performer:
        """Somebody who computes groups here."""
        return Performer(self.context, emit, should_stop, fresh=self.fresh)


def perform_outside(
    executor: Loaded[ExecutorExtension],
    groups: Sequence[Group],
    work: OutsideWork,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
) -> None:
    """Let ``executor`` carry out ``groups``.

    Raises:
        ExtensionError: it fails, or returns although runs are left that nobody computes and nobody asked it to stop.
        StoreError: the result folder cannot be written.
    """
    left = {run.run_id for group in groups for run in group}
    asked = len(left)
    one_at_a_time = Lock()

    def tell(event: Event) -> None:
        with one_at_a_time:
            if isinstance(event, RunEnded | RunTaken):
                left.discard(event.run_id)
            emit(event)

    with executor.calling("perform"):
        executor.extension.perform(groups, work, tell, should_stop)
    if left and not should_stop():
        what = f"has left {len(left)} of {asked} runs that it was given"
        raise executor.error(
            what, "an executor has all of its groups computed", "the same command goes on without --executor"
        )
