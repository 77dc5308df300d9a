"""Runs in this process, the last of the plan first: the smallest executor there is."""

from __future__ import annotations

from collections.abc import Sequence

from pkbench.extend.executor import Emit, ExecutorExtension, Group, ShouldStop, Work


class LastFirst(ExecutorExtension):
    """``pkbench run --executor last-first``; a real one would start processes elsewhere and give each a share of the groups."""

    api = 1

    def perform(self, groups: Sequence[Group], work: Work, emit: Emit, should_stop: ShouldStop) -> None:
        """One after another, backwards; a performer saves what it is at where the command is stopped."""
        performer = work.performer(emit, should_stop)
        for group in reversed(groups):
            if should_stop():
                return
            performer.perform(group)
