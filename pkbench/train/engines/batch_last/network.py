"""The passes of several Mixers of one shape at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from pkbench.models.mixers import Mixer, SkipLayer
from pkbench.models.pk import ACTIVATIONS
from pkbench.spec.train import Precision
from pkbench.train.engines.batch_last.layout import BlockRows, block_rows, pixel_rows
from pkbench.train.engines.batch_last.moves import Move, move
from pkbench.train.engines.batch_last.norm import layer_norm
from pkbench.train.engines.precision import rounded


class Parameters(NamedTuple):
    """The parameters of K runs.

    Attributes:
        flat: all of them (K, parameters), one after another in the module's order.
        named: the same memory by names in the module, each (K, ...): what is differentiated by.
    """

    flat: Tensor
    named: Mapping[str, Tensor]


Backward = Callable[[Tensor, Tensor], None]
"""Given the gradient by the logits (K, B, classes), writes that by all parameters into the second one (K, parameters)."""


class Network(Protocol):
    """Computes the logits of several Mixers of one shape, each with its own parameters and permutations, and their gradients.

    Made of the models, one for each run, their images' (colours, height, width), the device and the precision of products. Images
    are normalised, ``inputs`` (K, B, colours, H, W); logits float32 (K, B, classes).
    """

    def __init__(
        self, models: Sequence[Mixer], image: tuple[int, int, int], device: torch.device, precision: Precision
    ) -> None: ...

    def logits(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """Logits alone, for evaluation."""
        ...

    def forward(
        self, parameters: Parameters, inputs: Tensor, branch_scale: Tensor | None = None
    ) -> tuple[Tensor, Backward]:
        """Logits, and their backward pass.

        ``branch_scale`` (K, B, mixing blocks) as :class:`pkbench.models.mixers.MixerBody` has it.
        """
        ...


@dataclass(frozen=True)
class _Layer:
    """A PK layer: ``move`` its operand's rows, multiply, then phi, which comes before the rows move again."""

    name: str
    groups: int
    enter: Move
    activation: str


@dataclass(frozen=True)
class _Block:
    """A mixing block: its norm's name if it has one, its layers, and how its result's rows go back to those of X."""

    norm: str | None
    layers: tuple[_Layer, ...]
    leave: Move


class StackedMixer:
    """See :class:`Network`; differentiated by autograd."""

    def __init__(
        self, models: Sequence[Mixer], image: tuple[int, int, int], device: torch.device, precision: Precision
    ) -> None:
        first = models[0]
        self._device, self._precision = device, precision
        self.C = first.embed.out_features
        self.skip = first.skip
        self.has_path = isinstance(first.first_skip, SkipLayer)
        places = pixel_rows(first, image)
        self.C0, self.S0 = places.shape
        self._places = places.flatten().to(device)
        self._blocks = tuple(self._block(rows, device) for rows in block_rows(models))

    def logits(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """See :meth:`Network.logits`."""
        with torch.no_grad(), rounded(self._precision, self._device):
            return self.compute(parameters, inputs).float()

    def forward(
        self, parameters: Parameters, inputs: Tensor, branch_scale: Tensor | None = None
    ) -> tuple[Tensor, Backward]:
        """See :meth:`Network.forward`."""
        leaves = list(parameters.named.values())
        with torch.enable_grad(), rounded(self._precision, self._device):
            logits = self.compute(parameters, inputs, branch_scale).float()

        def backward(gradient: Tensor, out: Tensor) -> None:
            found = torch.autograd.grad(logits, leaves, gradient)
            torch.cat([part.flatten(1) for part in found], dim=1, out=out)

        return logits.detach(), backward

    def compute(self, parameters: Parameters, inputs: Tensor, branch_scale: Tensor | None = None) -> Tensor:
        """Logits, in the precision of the last product."""
        K, B = inputs.shape[:2]
        images = inputs.flatten(2).transpose(1, 2)
        entries = images.index_select(1, self._places).view(K, self.C0, self.S0 * B)
        # (K, C, S0 * B) of each channel's tokens; X wants tokens before channels.
        embedded = _linear(parameters, "embed", entries)
        X = embedded.view(K, self.C, self.S0, B).transpose(1, 2).flatten(1, 2)
        for number, block in enumerate(self._blocks):
            result = self._value(block, parameters, X, B)
            if branch_scale is not None:
                result = result * branch_scale[:, :, number].unsqueeze(1)
            if not self.skip:
                X = result
            elif number == 0 and self.has_path:
                X = self._path(parameters, X, B) + result
            else:
                X = X + result
        pooled = self._norm(parameters, "norm", X, B).mean(1)
        return _linear(parameters, "classifier", pooled).transpose(1, 2)

    def _value(self, block: _Block, parameters: Parameters, X: Tensor, B: int) -> Tensor:
        """The block's value without its skip path, rows as those of X."""
        K = X.shape[0]
        x = X if block.norm is None else self._norm(parameters, block.norm, X, B).flatten(1, 2)
        for layer in block.layers:
            operand = layer.enter(x)
            mixed = _linear(parameters, layer.name, operand.view(K, -1, layer.groups * B))
            x = ACTIVATIONS[layer.activation](mixed).view(K, -1, B)
        return block.leave(x)

    def _path(self, parameters: Parameters, X: Tensor, B: int) -> Tensor:
        """The first skip path, LN(W X)."""
        mixed = torch.bmm(parameters.named["first_skip.weight"], X.view(X.shape[0], self.S0, self.C * B))
        return self._norm(parameters, "first_skip.norm", mixed.float(), B).flatten(1, 2)

    def _norm(self, parameters: Parameters, name: str, X: Tensor, B: int) -> Tensor:
        features = X.reshape(X.shape[0], -1, self.C, B)
        return layer_norm(features, parameters.named[f"{name}.weight"], parameters.named[f"{name}.bias"])

    def _block(self, rows: BlockRows, device: torch.device) -> _Block:
        layers = tuple(
            _Layer(layer.name, layer.groups, move(layer.enter, None if number else self.C, device), layer.activation)
            for number, layer in enumerate(rows.layers)
        )
        return _Block(rows.norm, layers, move(rows.leave, len(rows.leave[0]) // self.C, device))


def _linear(parameters: Parameters, name: str, x: Tensor) -> Tensor:
    """``W x + b`` of each run, ``x`` (K, inputs, columns); without a bias where there is none."""
    weight, bias = parameters.named[f"{name}.weight"], parameters.named.get(f"{name}.bias")
    return torch.bmm(weight, x) if bias is None else torch.baddbmm(bias.unsqueeze(2), weight, x)
