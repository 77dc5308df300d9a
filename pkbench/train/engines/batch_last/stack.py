"""Several runs of one shape and recipe that make their steps together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.spec.train import AdamW, Train
from pkbench.train.engines.batch_last.graphs import Pool, Recorded
from pkbench.train.engines.batch_last.network import Network, Parameters, StackedMixer
from pkbench.train.engines.moments import from_state, known, names_of, to_state
from pkbench.train.engines.precision import float32_products, rounded

Forward = Callable[..., Tensor]
"""A forward pass, with the arguments of :meth:`Network.logits`."""


class Stack:
    """K runs whose models have one shape and whose recipes differ in nothing but learning rates.

    Every run has its own parameters, permutations, batches, rates and number of steps. What one run computes does not depend
    on the others: no operation sums across runs. ``network`` computes the forward passes, and ``rewrite`` may replace them, as
    ``torch.compile`` does.

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
        network: type[Network] = StackedMixer,
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
        self._parameters = Parameters(self._flat, self._make_leaves())
        self._network = network
        self._forward = rewrite(network(self.models, image, device).logits)
        self._forward_alone = [rewrite(network([model], image, device).logits) for model in self.models]
        pool = Pool()
        self._step = Recorded(device, pool)
        self._logits = [Recorded(device, pool) for _ in self.models]

    def step(
        self, batches: Sequence[Mixed], rates: Sequence[float], branch_scales: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """One step of every run on its own batch, all of one size.

        Returns:
            For each run (K,), the sum of its images' losses in nats and the number of wrong images (int64), before the step.
        """
        mixed = any(batch.share != 1 for batch in batches)
        losses, wrong = self._step(
            self._compute,
            torch.stack([batch.inputs for batch in batches]),
            torch.stack([batch.labels for batch in batches]),
            torch.stack([batch.main_labels for batch in batches]),
            torch.stack([batch.partners for batch in batches]) if mixed else None,
            self._on_device(torch.tensor([batch.share for batch in batches], dtype=torch.float32)) if mixed else None,
            None if branch_scales is None else torch.stack(list(branch_scales)),
            self._on_device(self._coefficients(torch.tensor(rates, dtype=torch.float64))),
        )
        return losses, wrong

    @torch.no_grad()
    def logits(self, run: int, inputs: Tensor) -> Tensor:
        """Logits (B, classes), float32, of the run numbered ``run`` for normalised images (B, colours, H, W)."""
        (logits,) = self._logits[run](partial(self._compute_logits, run), inputs)
        return logits

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
        made = cls(models, first._recipe, first._image, first._device, first._network)
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

    def _compute(
        self,
        inputs: Tensor,
        labels: Tensor,
        main: Tensor,
        partners: Tensor | None,
        share: Tensor | None,
        scales: Tensor | None,
        coefficients: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """A step on the device; labels (K, B), ``share`` (K,), ``coefficients`` of the optimizer (any, K)."""
        with float32_products(self._recipe.precision, self._device):
            with rounded(self._recipe.precision, self._device):
                logits = self._forward(self._parameters, inputs, scales)
            logits = logits.float()
            losses = self._losses(logits, labels)
            if share is not None and partners is not None:
                losses = share * losses + (1 - share) * self._losses(logits, partners)
            gradients = torch.autograd.grad(losses.sum(), list(self._parameters.named.values()))
        with torch.no_grad():
            torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=self.gradient)
            self._clip()
            self._update(coefficients)
            return losses.detach() * labels.shape[1], (logits.argmax(2) != main).sum(1)

    def _compute_logits(self, run: int, inputs: Tensor) -> tuple[Tensor]:
        parameters = self._parameters
        named = {name: leaf[run : run + 1] for name, leaf in parameters.named.items()}
        alone = Parameters(parameters.flat[run : run + 1], named)
        precision = self._recipe.precision
        with float32_products(precision, self._device), rounded(precision, self._device):
            return (self._forward_alone[run](alone, inputs.unsqueeze(0))[0].float(),)

    def _losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Each run's mean loss (K,) with ``labels`` (K, B); see :func:`pkbench.train.loss.training_loss`."""
        losses = functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), reduction="none", label_smoothing=self._recipe.label_smoothing
        )
        return losses.view(labels.shape).mean(1)

    def _clip(self) -> None:
        """Scale each run's gradient as the recipe has it."""
        if self._recipe.clip_norm is not None:
            norm = torch.linalg.vector_norm(self.gradient, dim=1, keepdim=True)
            self.gradient.mul_((self._recipe.clip_norm / (norm + 1e-6)).clamp(max=1.0))

    def _coefficients(self, rates: Tensor) -> Tensor:
        """Count a step of every run at ``rates`` (K,), float64; what the optimizer needs for it, float32 (any, K)."""
        rule = self._rule
        first = self._steps == 0
        self._steps += 1
        if isinstance(rule, AdamW):
            beta1, beta2 = rule.betas
            size = rates / (1 - beta1**self._steps)
            root = (1 - beta2**self._steps).sqrt()
            return torch.stack([root, 1 - rates * rule.weight_decay, -size]).float()
        # A first velocity is the gradient itself, which is what 0 before it gives.
        return torch.stack([torch.where(first, 0.0, rule.momentum), rates]).float()

    def _update(self, coefficients: Tensor) -> None:
        """The optimizer's step with what :meth:`_coefficients` says."""
        gradient, flat, rule = self.gradient, self._flat, self._rule
        if isinstance(rule, AdamW):
            root, decay, size = coefficients.unsqueeze(2)
            mean, square = self._moments
            beta1, beta2 = rule.betas
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            denominator = square.sqrt().div_(root).add_(rule.eps)
            flat.mul_(decay).addcdiv_(mean * size, denominator)
            return
        momentum, rate = coefficients.unsqueeze(2)
        (velocity,) = self._moments
        if rule.weight_decay:
            gradient.add_(flat, alpha=rule.weight_decay)
        velocity.mul_(momentum).add_(gradient)
        direction = gradient.add_(velocity, alpha=rule.momentum) if rule.nesterov else velocity
        flat.sub_(direction * rate)

    def _on_device(self, values: Tensor) -> Tensor:
        # Few numbers in ordinary memory are copied away at once: nobody waits for the device.
        return values.to(self._device, non_blocking=True)
