"""Where the rows of features go with the images of a batch innermost: index vectors, one for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pkbench.models.mixers import Mixer, MixingBlock, patches
from pkbench.models.pk import PKLayer


@dataclass(frozen=True)
class LayerRows:
    """A PK layer, whose operand's row for entry i of group g is ``i * groups + g``, as is its value's.

    Attributes:
        name: of the layer in the module.
        groups: n1 of Def. 5.1.
        inputs: entries of a group.
        outputs: entries of a group of its value.
        activation: phi, by name; entry-wise, so it comes before rows move again.
        enter: for each run int64 (groups * inputs,): row r of the operand is row ``enter[r]`` of what came before: of X, or of
            the value of the layer before.
    """

    name: str
    groups: int
    inputs: int
    outputs: int
    activation: str
    enter: tuple[Tensor, ...]


@dataclass(frozen=True)
class BlockRows:
    """A mixing block of one or two layers.

    Attributes:
        norm: its norm's name in the module, ``None`` where it has none.
        layers: in their order.
        leave: for each run int64 (S * C,): row r of X is given row ``leave[r]`` of the last layer's value.
    """

    norm: str | None
    layers: tuple[LayerRows, ...]
    leave: tuple[Tensor, ...]


def pixel_rows(model: Mixer, image: tuple[int, int, int]) -> Tensor:
    """For each entry of the patches (C0, S0) which pixel it is, of flat images of (colours, height, width)."""
    pixels = torch.arange(image[0] * image[1] * image[2], dtype=torch.float64).view(1, *image)
    return patches(pixels, model.patch)[0].T.long()


def block_rows(models: Sequence[Mixer]) -> tuple[BlockRows, ...]:
    """The mixing blocks of models of one shape, in the order in which they follow one another."""
    return tuple(
        _block(f"{side}.{block}", [getattr(model, side)[block] for model in models])
        for block in range(len(models[0].token_mixing))
        for side in ("token_mixing", "channel_mixing")
    )


def _block(name: str, blocks: Sequence[nn.Module]) -> BlockRows:
    mixing = [block for block in blocks if isinstance(block, MixingBlock)]
    layers: list[LayerRows] = []
    for number in range(len(mixing[0].layers)):
        pk = [layer for layer in (block.layers[number] for block in mixing) if isinstance(layer, PKLayer)]
        groups = pk[0].groups
        outputs, inputs = pk[0].weight.shape
        # An operand's row here is (entry, group), in the module (group, entry).
        enter = [layer.J1.permutation.index.view(groups, inputs).T.flatten() for layer in pk]
        if number:
            # Rows between two layers are as the first layer leaves them here.
            before = _entries_first(groups, inputs)
            enter = [before[index] for index in enter]
        layers.append(
            LayerRows(f"{name}.layers.{number}", groups, inputs, outputs, pk[0].activation, tuple(enter)),
        )
    last = [layer for layer in (block.layers[-1] for block in mixing) if isinstance(layer, PKLayer)]
    here = _entries_first(layers[-1].groups, layers[-1].outputs)
    leave = tuple(here[layer.J2.permutation.index] for layer in last)
    norm = f"{name}.norm" if isinstance(mixing[0].norm, nn.LayerNorm) else None
    return BlockRows(norm, tuple(layers), leave)


def _entries_first(groups: int, entries: int) -> Tensor:
    """For each row in the module's order, (group, entry), its number in this one, (entry, group)."""
    return torch.arange(groups * entries).view(entries, groups).T.flatten()
