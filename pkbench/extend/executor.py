"""An executor from another package: where and in what order runs are computed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pkbench.extend.base import Extension

Group = Any
"""Runs that are computed together: a tuple of one or several, each with a ``label``. It is only handed on, and picklable."""
Emit = Callable[[Any], None]
"""Takes what there is to tell of runs; from several threads, too."""
ShouldStop = Callable[[], bool]
"""Whether the command is to end; looked at after every training step."""


class Performer(Protocol):
    """Computes groups one after another in the process and thread that it was made in, and keeps the last data set."""

    def perform(self, group: Group) -> None:
        """Hold the runs of ``group``, compute those that nobody else has, and leave their records or checkpoints.

        Raises:
            PkbenchError: the results cannot be written.
        """


class Work(Protocol):
    """What there is to do besides the groups. Picklable, for executors with processes of their own."""

    @property
    def jobs(self) -> int:
        """Runs at once that were asked for, or that the machine has cores for."""

    def performer(self, emit: Emit, should_stop: ShouldStop) -> Performer:
        """Somebody to compute groups here, who tells ``emit`` what happens; holds and records are made by pkbench."""


class ExecutorExtension(Extension):
    """``pkbench run --executor NAME``. How runs are computed is not part of their ids, so it must not change results."""

    @abstractmethod
    def perform(self, groups: Sequence[Group], work: Work, emit: Emit, should_stop: ShouldStop) -> None:
        """Have every one of ``groups`` computed by performers of ``work``, here or elsewhere on this file system.

        It returns when all are over, or soon after ``should_stop`` says so: performers then save and return by themselves, and no
        further group is begun. What goes wrong in a run is its performer's to record; what is raised here ends the
        command, and all that has been computed stays.
        """
