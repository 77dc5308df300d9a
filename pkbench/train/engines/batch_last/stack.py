"""Several runs of one shape and recipe that make their steps together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.spec.train import AdamW, Train
from pkbench.train.engines.batch_last.network import StackedMixer
from pkbench.train.engines.moments import from_state, known, names_of, to_state

Forward = Callable[..., Tensor]
"""A forward pass, with the arguments of :meth:`StackedMixer.logits`."""


class Stack:
    """K runs whose models have one shape and whose recipes differ in nothing but learning rates.

    Every run has its own parameters, permutations, batches, rates and number of steps. What one run computes does not depend
    on the others: no operation sums across runs. ``rewrite`` may replace the forward passes, as ``torch.compile`` does.

    Attributes:
        models: the modules, whose parameters are always those of the last step.
        workspace: bytes that steps work in and that stay between them.
        gradient: of the last step, (K, parameters) in the modules' order.
    """

    def __init__(
        self,
        models: Sequence[Mixer],
        recipe: Train,
        image: tuple[int, int, int],
        device: torch.device,
        rewrite: Callable[[Forward], Forward] = lambda forward: forward,
    ) -> None:
        self.models = [model.to(device).train() for model in models]
        self._recipe = recipe
        self._rule = known(recipe.optimizer)
        self._image = image
        self._device = device
        flats = [torch.cat([parameter.detach().flatten() for parameter in model.parameters()]) for model in self.models]
        self._flat = torch.stack(flats)
        self.gradient = torch.zeros_like(self._flat)
        self.workspace = self.gradient.nbytes
        self._moments = [torch.zeros_like(self._flat) for _ in names_of(self._rule)]
        self._steps = torch.zeros(len(models), dtype=torch.int64)
        self._leaves = self._make_leaves()
        self._forward = rewrite(StackedMixer(self.models, image, device).logits)
        self._forward_alone = [rewrite(StackedMixer([model], image, device).logits) for model in self.models]

    def step(
        self, batches: Sequence[Mixed], rates: Sequence[float], branch_scales: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """One step of every run on its own batch, all of one size.

        Returns:
            For each run (K,), the sum of its images' losses in nats and the number of wrong images (int64), before the step.
        """
        size = len(batches[0].labels)
        inputs = torch.stack([batch.inputs for batch in batches])
        scales = None if branch_scales is None else torch.stack(list(branch_scales))
        with self._precision():
            logits = self._forward(self._leaves, inputs, scales)
        logits = logits.float()
        losses = self._losses(logits, batches)
        gradients = torch.autograd.grad(losses.sum(), list(self._leaves.values()))
        with torch.no_grad():
            torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self.gradient)
            self._clip()
            self._update(torch.tensor(rates, dtype=torch.float64))
            main = torch.stack([batch.main_labels for batch in batches])
            return losses.detach() * size, (logits.argmax(2) != main).sum(1)

    @torch.no_grad()
    def logits(self, run: int, inputs: Tensor) -> Tensor:
        """Logits (B, classes), float32, of the run numbered ``run`` for normalised images (B, colours, H, W)."""
        parameters = {name: leaf[run : run + 1] for name, leaf in self._leaves.items()}
        with self._precision():
            return self._forward_alone[run](parameters, inputs.unsqueeze(0))[0].float()

    def optimizer_state(self, run: int) -> dict[str, Any]:
        """The state of one run's optimizer as ``torch.optim`` has it."""
        moments = [moment[run] for moment in self._moments]
        return to_state(self.models[run], self._rule, moments, int(self._steps[run]))

    def load_optimizer_state(self, run: int, state: dict[str, Any]) -> None:
        """Let one run go on from such a state."""
        self._steps[run] = from_state(self._rule, state, [moment[run] for moment in self._moments])

    @classmethod
    def of(cls, members: Sequence[tuple[Stack, int]]) -> Stack:
        """The stack of these runs of other stacks, by their numbers there: all go on where they are, there no longer."""
        first = members[0][0]
        models = [stack.models[run] for stack, run in members]
        made = cls(models, first._recipe, first._image, first._device)
        for number, (stack, run) in enumerate(members):
            for mine, theirs in zip(made._moments, stack._moments, strict=True):
                mine[number].copy_(theirs[run])
            made._steps[number] = stack._steps[run]
        return made

    def _make_leaves(self) -> dict[str, Tensor]:
        """Every parameter of all runs as one tensor (K, ...) to differentiate by, and those of the modules: views of the same memory."""
        leaves: dict[str, Tensor] = {}
        offset = 0
        for name, parameter in self.models[0].named_parameters():
            part = slice(offset, offset + parameter.numel())
            leaf = self._flat[:, part].view(-1, *parameter.shape).requires_grad_()
            leaves[name] = leaf
            for run, model in enumerate(self.models):
                model.get_parameter(name).data = self._flat[run, part].view(parameter.shape)
            offset += parameter.numel()
        return leaves

    def _losses(self, logits: Tensor, batches: Sequence[Mixed]) -> Tensor:
        """Each run's mean loss (K,); see :func:`pkbench.train.loss.training_loss`."""
        K, B, classes = logits.shape
        flat = logits.reshape(K * B, classes)

        def mean(labels: list[Tensor]) -> Tensor:
            smoothing = self._recipe.label_smoothing
            losses = functional.cross_entropy(flat, torch.cat(labels), reduction="none", label_smoothing=smoothing)
            return losses.view(K, B).mean(1)

        own = mean([batch.labels for batch in batches])
        if all(batch.share == 1 for batch in batches):
            return own
        share = torch.tensor([batch.share for batch in batches], dtype=own.dtype, device=own.device)
        return share * own + (1 - share) * mean([batch.partners for batch in batches])

    def _clip(self) -> None:
        """Scale each run's gradient as the recipe has it."""
        if self._recipe.clip_norm is not None:
            norm = torch.linalg.vector_norm(self.gradient, dim=1, keepdim=True)
            self.gradient.mul_((self._recipe.clip_norm / (norm + 1e-6)).clamp(max=1.0))

    def _update(self, rates: Tensor) -> None:
        """The optimizer's step with the runs' ``rates`` (K,), float64."""
        gradient, flat, rule = self.gradient, self._flat, self._rule
        first = self._steps == 0
        self._steps += 1

        def column(values: Tensor) -> Tensor:
            return values.to(flat.dtype).to(flat.device).unsqueeze(1)

        if isinstance(rule, AdamW):
            mean, square = self._moments
            beta1, beta2 = rule.betas
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            size = rates / (1 - beta1**self._steps)
            root = (1 - beta2**self._steps).sqrt()
            denominator = square.sqrt().div_(column(root)).add_(rule.eps)
            flat.mul_(column(1 - rates * rule.weight_decay)).addcdiv_(mean * column(-size), denominator)
            return
        (velocity,) = self._moments
        if rule.weight_decay:
            gradient.add_(flat, alpha=rule.weight_decay)
        # A first velocity is the gradient itself, which is what 0 before it gives.
        velocity.mul_(column(torch.where(first, 0.0, rule.momentum))).add_(gradient)
        direction = gradient.add_(velocity, alpha=rule.momentum) if rule.nesterov else velocity
        flat.sub_(direction * column(rates))

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.precision == "bf16")
