"""A run's place in a stack: one of its own, or one that it shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.spec.train import Train
from pkbench.train.engines.batch_last.stack import IN_PYTORCH, Arithmetic, Stack


class BatchLastEngine:
    """See :class:`pkbench.train.engines.base.Engine`; a run that shares its stack takes its steps with the others alone."""

    name = "batch-last"
    makes_inputs = False
    parts: int | None = None
    arithmetic: Arithmetic = IN_PYTORCH

    def __init__(self, model: Mixer, recipe: Train, image: tuple[int, int, int], device: torch.device) -> None:
        self._stack, self._run = Stack([model], recipe, image, device, self.arithmetic), 0
        self.workspace = self._stack.workspace
        self.model: nn.Module = self._stack.models[0]

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """A step of a stack of one."""
        loss, wrong = self._stack.step([batch], [lr], None if branch_scale is None else [branch_scale])
        return loss[0], wrong[0]

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits of this run."""
        return self._stack.logits(self._run, inputs)

    def optimizer_state(self) -> dict[str, Any]:
        """As ``torch.optim`` has it."""
        return self._stack.optimizer_state(self._run)

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """From what ``torch.optim`` has."""
        self._stack.load_optimizer_state(self._run, state)

    @staticmethod
    def share(engines: Sequence[BatchLastEngine]) -> Stack:
        """Let the runs of ``engines``, wherever they are, go on in one stack, which is returned.

        Where one of them shared a stack with others, all that go on have to be among ``engines``.
        """
        stack = Stack.of([(engine._stack, engine._run) for engine in engines])
        for run, engine in enumerate(engines):
            engine._stack, engine._run = stack, run
        return stack
