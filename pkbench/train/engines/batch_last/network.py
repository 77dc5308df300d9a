"""The forward pass of several Mixers of one shape at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pkbench.models.mixers import Mixer, MixingBlock, SkipLayer, patches
from pkbench.models.pk import ACTIVATIONS, PKLayer
from pkbench.train.engines.batch_last.moves import Move, move
from pkbench.train.engines.batch_last.norm import layer_norm

Parameters = Mapping[str, Tensor]
"""The runs' parameters by their names in the module, each (K, ...)."""


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
    """K Mixers of one shape, each with its own parameters and permutations.

    Args:
        models: one for each run; they may differ in their permutations.
        image: (colours, height, width).
        device: where it shall be computed.
    """

    def __init__(self, models: Sequence[Mixer], image: tuple[int, int, int], device: torch.device) -> None:
        first = models[0]
        self.C = first.embed.out_features
        self.skip = first.skip
        self.has_path = isinstance(first.first_skip, SkipLayer)
        pixels = torch.arange(image[0] * image[1] * image[2], dtype=torch.float64).view(1, *image)
        places = patches(pixels, first.patch)[0].T.long()
        self.C0, self.S0 = places.shape
        self._places = places.flatten().to(device)
        self._blocks = tuple(
            self._block(f"{side}.{block}", [getattr(model, side)[block] for model in models], device)
            for block in range(len(first.token_mixing))
            for side in ("token_mixing", "channel_mixing")
        )

    def logits(self, parameters: Parameters, inputs: Tensor, branch_scale: Tensor | None = None) -> Tensor:
        """Logits (K, B, classes) of normalised images ``inputs`` (K, B, colours, H, W).

        ``branch_scale`` (K, B, mixing blocks) as :class:`pkbench.models.mixers.MixerBody` has it.
        """
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
        mixed = torch.bmm(parameters["first_skip.weight"], X.view(X.shape[0], self.S0, self.C * B))
        return self._norm(parameters, "first_skip.norm", mixed.float(), B).flatten(1, 2)

    def _norm(self, parameters: Parameters, name: str, X: Tensor, B: int) -> Tensor:
        features = X.reshape(X.shape[0], -1, self.C, B)
        return layer_norm(features, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    def _block(self, name: str, blocks: Sequence[nn.Module], device: torch.device) -> _Block:
        mixing = [block for block in blocks if isinstance(block, MixingBlock)]
        layers: list[_Layer] = []
        for number, layer in enumerate(mixing[0].layers):
            same = [block.layers[number] for block in mixing]
            pk = [layer for layer in same if isinstance(layer, PKLayer)]
            groups, inputs = pk[0].groups, pk[0].weight.shape[1]
            # An operand's row here is (entry, group), in the module (group, entry).
            enter = [layer.J1.permutation.index.view(groups, inputs).T.flatten() for layer in pk]
            if number:
                # Rows between two layers are as the first layer leaves them here.
                before = torch.arange(groups * inputs).view(inputs, groups).T.flatten()
                enter = [before[index] for index in enter]
            layers.append(
                _Layer(
                    f"{name}.layers.{number}", groups, move(enter, None if number else self.C, device), pk[0].activation
                )
            )
        last = [layer for layer in (block.layers[-1] for block in mixing) if isinstance(layer, PKLayer)]
        groups, outputs = last[0].groups, last[0].weight.shape[0]
        here = torch.arange(groups * outputs).view(outputs, groups).T.flatten()
        leave = [here[layer.J2.permutation.index] for layer in last]
        norm = f"{name}.norm" if isinstance(mixing[0].norm, nn.LayerNorm) else None
        return _Block(norm, tuple(layers), move(leave, len(here) // self.C, device))


def _linear(parameters: Parameters, name: str, x: Tensor) -> Tensor:
    """``W x + b`` of each run, ``x`` (K, inputs, columns); without a bias where there is none."""
    weight, bias = parameters[f"{name}.weight"], parameters.get(f"{name}.bias")
    return torch.bmm(weight, x) if bias is None else torch.baddbmm(bias.unsqueeze(2), weight, x)
