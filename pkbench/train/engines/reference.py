"""The module as it is written, with PyTorch's autograd and optimizers: every model, precision and device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pkbench.data.mixing import Mixed
from pkbench.spec.train import Train
from pkbench.train.engines.precision import float32_products, rounded
from pkbench.train.loss import count_wrong, training_loss
from pkbench.train.memory import is_out_of_memory
from pkbench.train.optimizer import clip_gradients, make_optimizer

Result = TypeVar("Result")


class ReferenceEngine:
    """See :class:`pkbench.train.engines.base.Engine`.

    Where memory does not hold a batch at once, its gradient is the sum over ``parts`` of it, computed one after another: the
    same up to rounding. ``None``: in one, and in twice as many each time that memory runs out. Logits are computed in as many
    parts. A model that normalises over a batch is another one on a part of it, and is never divided: its ``parts`` are ``None``.
    """

    name = "reference"
    makes_inputs = False
    workspace = 0

    def __init__(self, model: nn.Module, recipe: Train, lr: float, device: torch.device, parts: int | None = 1) -> None:
        self.model = model.to(device).train()
        whole = any(isinstance(module, _BatchNorm) for module in model.modules())
        self.parts: int | None = None if whole else parts or 1
        self._divides = parts is None and not whole
        self._recipe = recipe
        self._device = device
        self._optimizer = make_optimizer(self.model, recipe.optimizer, lr)

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """Forward, backward, clipping where the recipe has it, and the optimizer's step."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        with float32_products(self._recipe.precision, self._device):
            loss, wrong = self._where_it_fits(len(batch.labels), lambda: self._gradients(batch, branch_scale))
        if self._recipe.clip_norm is not None:
            clip_gradients(self.model, self._recipe.clip_norm)
        self._optimizer.step()
        return loss, wrong

    @torch.inference_mode()
    def logits(self, inputs: Tensor) -> Tensor:
        """The module's own, in evaluation mode."""
        self.model.eval()
        with float32_products(self._recipe.precision, self._device):
            logits = self._where_it_fits(len(inputs), lambda: self._logits(inputs))
        self.model.train()
        return logits

    def optimizer_state(self) -> dict[str, Any]:
        """The optimizer's own."""
        return self._optimizer.state_dict()

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """Into the optimizer, whose rates are the recipe's already: other engines' states have none."""
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict(state | {"param_groups": groups})

    def _gradients(self, batch: Mixed, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the batch's mean loss on the model; the sum of the losses, and how many are wrong."""
        self._optimizer.zero_grad(set_to_none=True)
        images = len(batch.labels)
        found = []
        for rows in self._parts(images):
            part = Mixed(batch.inputs[rows], batch.labels[rows], batch.partners[rows], batch.share)
            with rounded(self._recipe.precision, self._device):
                logits = self.model(part.inputs, *(() if branch_scale is None else (branch_scale[rows],)))
            logits = logits.float()
            loss = training_loss(logits, part, self._recipe.label_smoothing)
            here = len(part.labels)
            # The mean over the batch is that of its parts, each by its share of the images.
            share = loss if here == images else loss * (here / images)
            share.backward()  # type: ignore[no-untyped-call]
            found.append((loss.detach() * here, count_wrong(logits.detach(), part)))
        losses, wrong = zip(*found, strict=True)
        return sum(losses[1:], start=losses[0]), sum(wrong[1:], start=wrong[0])

    def _logits(self, inputs: Tensor) -> Tensor:
        with rounded(self._recipe.precision, self._device):
            found = [self.model(inputs[rows]).float() for rows in self._parts(len(inputs))]
        return found[0] if len(found) == 1 else torch.cat(found)

    def _parts(self, rows: int) -> list[slice]:
        """``rows`` rows in as many parts as there are, all but the last of one size, or one a row where there are fewer."""
        size = -(-rows // (self.parts or 1))
        return [slice(start, start + size) for start in range(0, rows, size)]

    def _where_it_fits(self, rows: int, compute: Callable[[], Result]) -> Result:
        """What ``compute`` gives of ``rows`` rows, in more parts where memory runs out and that is allowed."""
        while True:
            try:
                return compute()
            except (RuntimeError, MemoryError) as error:
                if not self._divides or (self.parts or 1) >= rows or not is_out_of_memory(error):
                    raise
            # Only here: while it is handled, the error holds on to what had been computed.
            self._optimizer.zero_grad(set_to_none=True)
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            self.parts = min(2 * (self.parts or 1), rows)
