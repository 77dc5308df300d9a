"""Several trainings in lockstep, their steps computed as those of one stack."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pkbench.train.engines.batch_last.engine import BatchLastEngine
from pkbench.train.engines.batch_last.stack import Stack
from pkbench.train.steps import Outcome, StackError, Step, Steps, advance

_Waiting = tuple[Steps, Step]
"""A training and the step it waits for."""


def compute_together(trainings: Sequence[Steps]) -> None:
    """Compute trainings of runs that can share a stack to their ends, each by a :class:`BatchLastEngine`.

    They may be at different steps and end at different times, by themselves or because they fail: the others go on.

    Raises:
        StackError: a step, or making the stack, failed. All trainings that had not ended are closed.
    """
    try:
        started = [(steps, next(steps, None)) for steps in trainings]
        waiting = _at_one_place([(steps, step) for steps, step in started if step is not None])
        while waiting:
            waiting = _until_one_ends(waiting)
    finally:
        for steps in trainings:
            steps.close()


def _at_one_place(waiting: list[_Waiting]) -> list[_Waiting]:
    """All at one place of an epoch, so that batches have one size: where they are at several, each goes alone to the next start."""
    if len({step.place for _, step in waiting}) <= 1:
        return waiting
    found = []
    for steps, first in waiting:
        step: Step | None = first
        while step is not None and step.place:
            step = advance(steps, _alone(step))
        if step is not None:
            found.append((steps, step))
    return found


def _until_one_ends(waiting: list[_Waiting]) -> list[_Waiting]:
    """Go through steps in one stack until a training ends; those that have not."""
    stack = _stack(waiting)
    left = waiting
    while len(left) == len(waiting):
        outcomes = _step(stack, [step for _, step in left])
        after = [(steps, advance(steps, outcome)) for (steps, _), outcome in zip(left, outcomes, strict=True)]
        left = [(steps, step) for steps, step in after if step is not None]
    return left


def _stack(waiting: list[_Waiting]) -> Stack:
    engines = [step.engine for _, step in waiting if isinstance(step.engine, BatchLastEngine)]
    if len(engines) < len(waiting):
        raise TypeError("only engines of a batch-last kind share a stack")
    try:
        return BatchLastEngine.share(engines)
    except Exception as error:
        raise StackError(_words(error)) from error


def _step(stack: Stack, steps: list[Step]) -> list[Outcome]:
    scales: list[Tensor] = [step.branch_scale for step in steps if step.branch_scale is not None]
    try:
        losses, wrong = stack.step([step.batch for step in steps], [step.lr for step in steps], scales or None)
    except Exception as error:
        raise StackError(_words(error)) from error
    return list(zip(losses, wrong, strict=True))


def _alone(step: Step) -> Outcome:
    try:
        return step.compute()
    except Exception as error:
        raise StackError(_words(error)) from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
