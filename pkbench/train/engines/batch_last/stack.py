"""Several runs of one shape and recipe that make their steps together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.spec.train import Precision, Train
from pkbench.train.engines.batch_last.graphs import Pool, Recorded
from pkbench.train.engines.batch_last.loss import Loss, Targets, cross_entropy
from pkbench.train.engines.batch_last.network import Network, Parameters, StackedMixer
from pkbench.train.engines.batch_last.optimize import Optimize, coefficients_of, optimize
from pkbench.train.engines.moments import from_state, known, names_of, to_state
from pkbench.train.engines.precision import float32_products

MakeNetwork = Callable[[Sequence[Mixer], tuple[int, int, int], torch.device, Precision], Network]


@dataclass(frozen=True)
class Arithmetic:
    """How steps are computed: what an engine of stacks differs from another one in."""

    network: MakeNetwork = StackedMixer
    loss: Loss = cross_entropy
    optimize: Optimize = optimize


IN_PYTORCH = Arithmetic()


class Stack:
    """K runs whose models have one shape and whose recipes differ in nothing but learning rates.

    Every run has its own parameters, permutations, batches, rates and number of steps. What one run computes does not depend
    on the others: no operation sums across runs.

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
        arithmetic: Arithmetic = IN_PYTORCH,
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
        self._steps = [0] * len(models)
        self._parameters = Parameters(self._flat, self._make_leaves())
        self._arithmetic = arithmetic
        self._network = arithmetic.network(self.models, image, device, recipe.precision)
        self._alone = [arithmetic.network([model], image, device, recipe.precision) for model in self.models]
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
            _together([batch.inputs for batch in batches]),
            _together([batch.labels for batch in batches]),
            _together([batch.main_labels for batch in batches]),
            _together([batch.partners for batch in batches]) if mixed else None,
            self._on_device(torch.tensor([batch.share for batch in batches], dtype=torch.float32)) if mixed else None,
            None if branch_scales is None else _together(branch_scales),
            self._on_device(coefficients_of(self._rule, rates, self._steps)),
        )
        self._steps = [steps + 1 for steps in self._steps]
        return losses, wrong

    def logits(self, run: int, inputs: Tensor) -> Tensor:
        """Logits (B, classes), float32, of the run numbered ``run`` for normalised images (B, colours, H, W)."""
        (logits,) = self._logits[run](partial(self._compute_logits, run), inputs)
        return logits

    def optimizer_state(self, run: int) -> dict[str, Any]:
        """The state of one run's optimizer as ``torch.optim`` has it."""
        moments = [moment[run] for moment in self._moments]
        return to_state(self.models[run], self._rule, moments, self._steps[run])

    def load_optimizer_state(self, run: int, state: dict[str, Any]) -> None:
        """Let one run go on from such a state."""
        self._steps[run] = from_state(self._rule, state, [moment[run] for moment in self._moments])

    @classmethod
    def of(cls, members: Sequence[tuple[Stack, int]]) -> Stack:
        """The stack of these runs of other stacks, by their numbers there: all go on where they are, there no longer."""
        first = members[0][0]
        models = [stack.models[run] for stack, run in members]
        made = cls(models, first._recipe, first._image, first._device, first._arithmetic)
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
        with torch.no_grad(), float32_products(self._recipe.precision, self._device):
            logits, backward = self._network.forward(self._parameters, inputs, scales)
            found = self._arithmetic.loss(logits, Targets(labels, main, partners, share), self._recipe.label_smoothing)
            backward(found.gradient, self.gradient)
            self._clip()
            self._arithmetic.optimize(self._rule, self._flat, self.gradient, self._moments, coefficients)
        return found.sums, found.wrong

    def _compute_logits(self, run: int, inputs: Tensor) -> tuple[Tensor]:
        parameters = self._parameters
        named = {name: leaf[run : run + 1] for name, leaf in parameters.named.items()}
        alone = Parameters(parameters.flat[run : run + 1], named)
        with float32_products(self._recipe.precision, self._device):
            return (self._alone[run].logits(alone, inputs.unsqueeze(0))[0],)

    def _clip(self) -> None:
        """Scale each run's gradient as the recipe has it."""
        if self._recipe.clip_norm is not None:
            norm = torch.linalg.vector_norm(self.gradient, dim=1, keepdim=True)
            self.gradient.mul_((self._recipe.clip_norm / (norm + 1e-6)).clamp(max=1.0))

    def _on_device(self, values: Tensor) -> Tensor:
        # Few numbers in ordinary memory are copied away at once: nobody waits for the device.
        return values.to(self._device, non_blocking=True)


def _together(tensors: Sequence[Tensor]) -> Tensor:
    """The runs' tensors (K, ...); of a single one not copied."""
    return tensors[0].unsqueeze(0) if len(tensors) == 1 else torch.stack(list(tensors))
