"""The module as it is written, with PyTorch's autograd and optimizers: every model, precision and device."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from pkbench.data.mixing import Mixed
from pkbench.spec.train import Train
from pkbench.train.loss import count_wrong, training_loss
from pkbench.train.optimizer import clip_gradients, make_optimizer


class ReferenceEngine:
    """See :class:`pkbench.train.engines.base.Engine`."""

    name = "reference"
    workspace = 0

    def __init__(self, model: nn.Module, recipe: Train, lr: float, device: torch.device) -> None:
        self.model = model.to(device).train()
        self._recipe = recipe
        self._device = device
        self._optimizer = make_optimizer(self.model, recipe.optimizer, lr)

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """Forward, backward, clipping where the recipe has it, and the optimizer's step."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        self._optimizer.zero_grad(set_to_none=True)
        with self._precision():
            logits = self.model(batch.inputs, *(() if branch_scale is None else (branch_scale,)))
        logits = logits.float()
        loss = training_loss(logits, batch, self._recipe.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._recipe.clip_norm is not None:
            clip_gradients(self.model, self._recipe.clip_norm)
        self._optimizer.step()
        return loss.detach() * len(batch.labels), count_wrong(logits.detach(), batch)

    @torch.inference_mode()
    def logits(self, inputs: Tensor) -> Tensor:
        """The module's own, in evaluation mode."""
        self.model.eval()
        with self._precision():
            logits: Tensor = self.model(inputs)
        self.model.train()
        return logits.float()

    def optimizer_state(self) -> dict[str, Any]:
        """The optimizer's own."""
        return self._optimizer.state_dict()

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """Into the optimizer, whose rates are the recipe's already: other engines' states have none."""
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict(state | {"param_groups": groups})

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.precision == "bf16")
