"""S-Mixer and MLP-Mixer, normal and with random permutations, as in App. A of the paper.

Between blocks the features are ``X`` of shape ``(B, S, C)``. A mixing block works on ``vec(X)``, which
stacks columns, while the memory of ``X`` is ``vec(X^T)``; the commutation between the two is composed with
the block's own permutations when it is built, so that nothing is moved twice (and channel mixing, whose
``J_c`` cancels it, moves nothing at all).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.models.permutation import Commutation, Identity, Permutation, compose, random_permutation
from pkbench.models.pk import PKLayer
from pkbench.seeding import stream_seed
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.structured import StructuredShape

LAYER_NORM_EPS = 1e-5
"""App. A; LayerNorm is affine and over channels."""

Side = Literal["tokens", "channels"]


Placement = Literal["block", "layer"]


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the PK layers of a model are permuted.

    ``placement`` is ``None`` for normal mixing. ``block``: one random pair around each mixing block;
    ``layer``: a random pair for every PK layer (adjacent ones composed). ``seed`` is the run's. ``blocks`` (base blocks,
    from 0) and ``sides`` restrict the permutations to some mixing blocks; ``None`` stands for all.
    """

    placement: Placement | None
    seed: int
    blocks: frozenset[int] | None = None
    sides: Side | None = None

    def placement_at(self, block: int, side: Side) -> Placement | None:
        """The placement in one mixing block, ``None`` where it mixes normally."""
        chosen = (self.blocks is None or block in self.blocks) and self.sides in (None, side)
        return self.placement if chosen else None

    def draw(self, size: int, *name: str | int) -> Permutation:
        """The random permutation called ``name``, independent of every other."""
        return random_permutation(size, stream_seed("permutation", self.seed, *name))


class MixingBlock(nn.Module):
    """One mixing block without its skip path: ``X -> phi(W LN(X))`` or ``X -> W2 phi(W1 LN(X))``, permuted.

    Token mixing (eq. 1, S.7) multiplies from the left, ``vec(WX) = (I_C (x) W) vec(X)``: ``n1 = C`` groups
    of tokens. Channel mixing (eq. 2, S.8) from the right, ``vec(XV) = (V^T (x) I_S) vec(X) = J_c^T (I_S (x)
    V^T) J_c vec(X)``: ``n1 = S`` groups of channels.

    Shapes: ``(B, tokens_in, C) -> (B, S, C)``.
    """

    def __init__(
        self, shape: MixerShape, side: Side, block: int, tokens_in: int, mixing: Mixing, activation: str
    ) -> None:
        super().__init__()
        S, C = shape.S, shape.C
        self.tokens_out = S
        self.norm = nn.LayerNorm(C, eps=LAYER_NORM_EPS) if shape.layer_norm else nn.Identity()
        groups = C if side == "tokens" else S
        inputs, outputs = (tokens_in, S) if side == "tokens" else (C, C)
        hidden = shape.D_S if side == "tokens" else shape.D_C
        sizes = [inputs, outputs] if hidden is None else [inputs, hidden, outputs]

        enter, leave = self._outer_permutations(side, block, groups * inputs, groups * outputs, mixing, S, C)
        to_vec, from_vec = Commutation(C, tokens_in), Commutation(S, C)
        layers: list[PKLayer] = []
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            first, last = i == 0, i == len(sizes) - 2
            # The pair between two layers is one permutation: it is put on the side of the second.
            inner = Identity(groups * n_in) if first else self._inner_permutation(side, block, groups * n_in, mixing)
            layers.append(
                PKLayer(
                    (n_out, n_in),
                    groups,
                    compose(enter, to_vec) if first else inner,
                    compose(from_vec, leave) if last else Identity(groups * n_out),
                    bias=shape.bias,
                    activation=activation if first else "linear",
                )
            )
        self.layers = nn.ModuleList(layers)

    @staticmethod
    def _outer_permutations(
        side: Side, block: int, size_in: int, size_out: int, mixing: Mixing, S: int, C: int
    ) -> tuple[Permutation, Permutation]:
        """``J1`` before the block's first layer and ``J2`` after its last (S.7-S.8, S.10-S.13)."""
        if mixing.placement_at(block, side) is not None:
            return mixing.draw(size_in, block, side, "first J1"), mixing.draw(size_out, block, side, "last J2")
        if side == "tokens":
            return Identity(size_in), Identity(size_out)
        return Commutation(S, C), Commutation(C, S)

    @staticmethod
    def _inner_permutation(side: Side, block: int, size: int, mixing: Mixing) -> Permutation:
        """``J1`` of the second layer composed with ``J2`` of the first, at the hidden layer (App. B.2)."""
        if mixing.placement_at(block, side) != "layer":
            return Identity(size)
        return compose(mixing.draw(size, block, side, "last J1"), mixing.draw(size, block, side, "first J2"))

    def forward(self, X: Tensor) -> Tensor:
        """The block's value for features ``X`` of shape ``(B, tokens_in, C)``."""
        x = self.norm(X).flatten(1)
        for layer in self.layers:
            x = layer(x)
        result: Tensor = x.view(X.shape[0], self.tokens_out, X.shape[2])
        return result


class SkipLayer(nn.Module):
    """Skip path of the first block when the number of tokens changes: ``LN(W X)``, ``W`` of ``S x S0`` (S.14-S.15).

    Shapes: ``(B, S0, C) -> (B, S, C)``.
    """

    def __init__(self, S0: int, S: int, C: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(S, S0))
        self.norm = nn.LayerNorm(C, eps=LAYER_NORM_EPS)

    def forward(self, X: Tensor) -> Tensor:
        """``LN(W X)``."""
        result: Tensor = self.norm(torch.matmul(self.weight, X))
        return result


class MixerBody(nn.Module):
    """Image -> patches -> per-patch layer -> L base blocks -> LN -> mean over tokens -> classifier (Table S.1).

    A base block is ``U = X + token_mixing(X)``, ``Y = U + channel_mixing(U)``; without ``skip``, for ablations, the
    mixing blocks follow one another. ``branch_scale`` multiplies what a mixing block adds to its skip path, for each image:
    stochastic depth drops blocks by zeros.

    Shapes: ``(B, colours, H, W) -> (B, classes)``, ``branch_scale`` ``(B, 2 depth)`` in the order of the mixing blocks.

    Raises:
        ValueError: there is a skip layer without skip paths, or the first skip path changes the tokens without one.
    """

    def __init__(
        self,
        shape: MixerShape | StructuredShape,
        patch: int,
        token_mixing: Iterable[nn.Module],
        channel_mixing: Iterable[nn.Module],
        *,
        skip: bool,
    ) -> None:
        super().__init__()
        if shape.skip_layer and not skip:
            raise ValueError("a model without skip paths has no skip layer")
        if skip and not shape.skip_layer and shape.S != shape.S0:
            raise ValueError(f"{shape.S0} input tokens cannot be added to {shape.S} without a skip layer")
        self.patch = patch
        self.skip = skip
        self.embed = nn.Linear(shape.C0, shape.C, bias=shape.bias)
        self.first_skip = SkipLayer(shape.S0, shape.S, shape.C) if shape.skip_layer else nn.Identity()
        self.token_mixing = nn.ModuleList(token_mixing)
        self.channel_mixing = nn.ModuleList(channel_mixing)
        self.norm = nn.LayerNorm(shape.C, eps=LAYER_NORM_EPS)
        self.classifier = nn.Linear(shape.C, shape.classes)

    def forward(self, images: Tensor, branch_scale: Tensor | None = None) -> Tensor:
        """Logits of normalised ``images``.

        Raises:
            ValueError: there is a ``branch_scale`` without skip paths.
        """
        check_branch_scale(branch_scale, skip=self.skip)
        X = self.embed(patches(images, self.patch))
        for block, (mix_tokens, mix_channels) in enumerate(zip(self.token_mixing, self.channel_mixing, strict=True)):
            if not self.skip:
                X = mix_channels(mix_tokens(X))
                continue
            path = self.first_skip(X) if block == 0 else X
            U = path + scaled_branch(mix_tokens(X), branch_scale, 2 * block)
            X = U + scaled_branch(mix_channels(U), branch_scale, 2 * block + 1)
        logits: Tensor = self.classifier(self.norm(X).mean(dim=1))
        return logits


class Mixer(MixerBody):
    """S-Mixer or MLP-Mixer, permuted as ``mixing`` says."""

    def __init__(self, shape: MixerShape, patch: int, mixing: Mixing, *, activation: str, skip: bool) -> None:
        tokens_in = [shape.S0] + [shape.S] * (shape.depth - 1)
        super().__init__(
            shape,
            patch,
            (MixingBlock(shape, "tokens", block, n, mixing, activation) for block, n in enumerate(tokens_in)),
            (MixingBlock(shape, "channels", block, shape.S, mixing, activation) for block in range(shape.depth)),
            skip=skip,
        )


def check_branch_scale(branch_scale: Tensor | None, *, skip: bool) -> None:
    """ValueError where residual branches are scaled that a model without skip paths does not have."""
    if branch_scale is not None and not skip:
        raise ValueError("a model without skip paths has no residual branches to scale")


def scaled_branch(value: Tensor, branch_scale: Tensor | None, block: int) -> Tensor:
    """``value`` ``(B, ...)`` of the mixing block numbered ``block``, times each image's factor in ``(B, mixing blocks)``."""
    if branch_scale is None:
        return value
    factor = branch_scale[:, block].view(-1, *[1] * (value.ndim - 1))
    # The factor is float32: rounded to a shorter type it would change the branch's mean.
    return (value * factor).to(value.dtype)


def patches(images: Tensor, P: int) -> Tensor:
    """Images ``(B, colours, H, W)`` as patches ``(B, S0, C0)``: rows of squares, each as (colour, row, column)."""
    return functional.unfold(images, kernel_size=P, stride=P).transpose(1, 2)
