"""A stack of one run."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.spec.train import Train
from pkbench.train.engines.batch_last.stack import Stack


class BatchLastEngine:
    """See :class:`pkbench.train.engines.base.Engine`."""

    name = "batch-last"

    def __init__(
        self, model: Mixer, recipe: Train, lr: float, image: tuple[int, int, int], device: torch.device
    ) -> None:
        self._stack = Stack([model], recipe, image, device)
        self._lr = lr
        self.workspace = self._stack.workspace
        self.model: nn.Module = self._stack.models[0]

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """A step of the stack."""
        loss, wrong = self._stack.step([batch], [lr], None if branch_scale is None else [branch_scale])
        return loss[0], wrong[0]

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits of the stack."""
        return self._stack.logits(0, inputs)

    def optimizer_state(self) -> dict[str, Any]:
        """As ``torch.optim`` has it."""
        return self._stack.optimizer_state(0, self._lr)

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """From what ``torch.optim`` has."""
        self._stack.load_optimizer_state(0, state)
