"""One worker process and the pipe to it: groups of runs go in, events come out.

Workers are spawned, not forked, because torch's threads and CUDA do not survive a fork. They ignore Ctrl-C and SIGTERM, which
often go to all processes of a job: the parent decides, and tells them through an event that every training step looks at.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event as StopFlag

from pkbench.errors import PkbenchError
from pkbench.execute.allocator import keep_freed_memory
from pkbench.execute.context import Context
from pkbench.execute.events import Event
from pkbench.execute.performer import Performer
from pkbench.plan.stack import Group

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class SpecWork:
    """What holds for the groups that follow."""

    context: Context
    fresh: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing follows for now: data need not be kept."""


Message = SpecWork | Rest | Group


def _work(connection: Connection, stop: StopFlag) -> None:
    """A worker's life: receive a group, perform it, say so; end at ``None``."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _die_with_parent()
    keep_freed_memory()

    def emit(event: Event) -> None:
        try:
            connection.send(event)
        except OSError:
            # The parent has gone, and the kernel is about to end this process: no failure of the run.
            os._exit(1)

    performer: Performer | None = None
    message: Message | None
    while (message := connection.recv()) is not None:
        if isinstance(message, Rest):
            performer = None
        elif isinstance(message, SpecWork):
            performer = Performer(message.context, emit, stop.is_set, fresh=message.fresh)
        elif performer is not None:
            try:
                performer.perform(message)
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


class Worker:
    """A worker process and what it is doing."""

    def __init__(self, stop: StopFlag) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process: SpawnProcess = spawn.Process(target=_work, args=(theirs, stop), daemon=True)
        self.process.start()
        theirs.close()
        self.group: Group | None = None
        """Those of the runs it was given that have not ended; ``None`` where it has nothing to do."""
        self.began = False
        """Whether one of them has begun: before that there is nothing to save."""

    def give(self, group: Group | None) -> None:
        """Hand over a group, or say that there is none for now."""
        self.group = group
        self.began = False
        self.send(Rest() if group is None else group)

    def send(self, message: Message | None) -> None:
        """Hand over ``message``; ``None`` ends the worker."""
        try:
            self.connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            # It died meanwhile; waiting on its pipe will tell.
            return
