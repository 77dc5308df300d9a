"""The steps of a training as questions: an engine answers them alone, or those of several runs at once.

A training is a generator of :class:`Step`. It goes on when it is sent the step's outcome, and ends by itself.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor

from pkbench.data.mixing import Mixed
from pkbench.train.engines.base import Engine

Outcome = tuple[Tensor, Tensor]
"""What :meth:`pkbench.train.engines.base.Engine.step` returns."""


@dataclass(frozen=True, slots=True)
class Step:
    """One optimizer step that a training waits for."""

    engine: Engine
    """The run's own; its state must be that after the step when the training goes on."""
    batch: Mixed
    lr: float
    branch_scale: Tensor | None
    """Factors of stochastic depth (B, mixing blocks), where the recipe has it."""
    place: int
    """Steps of the epoch before this one, in a recipe whose last batch is smaller than the others; 0 where all are equal.
    Runs of one recipe at the same place have batches of one size from there on."""

    def compute(self) -> Outcome:
        """The outcome, by the run's own engine."""
        return self.engine.step(self.batch, self.lr, self.branch_scale)


Steps = Generator[Step, Outcome, None]


class StackError(Exception):
    """Steps cannot be computed for several runs at once; each can be taken up alone from its last checkpoint."""


def compute_alone(steps: Steps) -> None:
    """Compute a training to its end; what its engine raises is raised inside it."""
    step = next(steps, None)
    while step is not None:
        try:
            outcome = step.compute()
        except Exception as error:
            # The training decides what it means, and cannot go on from here.
            _end(steps, error)
            return
        step = advance(steps, outcome)


def advance(steps: Steps, outcome: Outcome) -> Step | None:
    """The next step of a training after one with ``outcome``; ``None`` where it has ended."""
    try:
        return steps.send(outcome)
    except StopIteration:
        return None


def _end(steps: Steps, error: Exception) -> None:
    try:
        steps.throw(error)
    except StopIteration:
        return
