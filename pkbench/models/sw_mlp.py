"""SW-MLP: a wide MLP on all features at once, its weights sparse by fixed random masks (S.16-S.17)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from pkbench.models.initial import draw_matrix
from pkbench.models.masks import draw_mask
from pkbench.models.mixers import LAYER_NORM_EPS, SkipLayer, check_branch_scale, patches, scaled_branch
from pkbench.models.pk import ACTIVATIONS
from pkbench.models.sparse import Init, SparseLinear
from pkbench.seeding import stream_seed
from pkbench.sizes.sparse import SparseShape

MaskValue = Literal["one", "inverse-sqrt-p"]
"""What a mask's ones stand for: 1, or 1/sqrt(p) as in §4.3, ``p`` being each mask's actual density."""


class SparseBlock(nn.Module):
    """One mixing block without its skip path: ``phi((M * W) LN(x))`` (S.16), or with a second layer after phi (S.17).

    Shapes: ``(B, n_in) -> (B, m)``.
    """

    def __init__(self, shape: SparseShape, block: int, *, mask_value: MaskValue, activation: str, seed: int) -> None:
        super().__init__()
        sizes = shape.block_widths[block]
        self.norm = nn.LayerNorm(sizes[0], eps=LAYER_NORM_EPS) if shape.layer_norm else nn.Identity()
        self.activation = activation
        layers = []
        for i, (n_in, n_out) in enumerate(pairwise(sizes)):
            mask = draw_mask(shape.mask, n_out, n_in, shape.density, stream_seed("mask", seed, block, i))
            value = 1.0 if mask_value == "one" else 1 / math.sqrt(mask.density)
            layers.append(SparseLinear(mask, form=shape.form, mask_value=value, bias=shape.bias))
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """The block's value for features ``x`` of shape ``(B, n_in)``."""
        first, *rest = self.layers
        x = ACTIVATIONS[self.activation](first(self.norm(x)))
        for layer in rest:
            x = layer(x)
        return x


class SwMlp(nn.Module):
    """Image -> patches -> per-patch layer -> 2L mixing blocks ``x + block(x)`` -> LN -> classifier (Table S.1).

    Features between blocks are vectors, the ``(S, C)`` matrix token by token; the paper's vec stacks them channel by
    channel, which random masks cannot tell apart. ``skip`` says whether the mixing blocks have skip paths. ``branch_scale``
    multiplies what a mixing block adds to its skip path, for each image: stochastic depth drops blocks by zeros.

    Shapes: ``(B, colours, H, W) -> (B, classes)``, ``branch_scale`` ``(B, 2L)``.

    Raises:
        ValueError: the first block needs a skip layer and has none, or has one without having a skip path.
    """

    def __init__(
        self, shape: SparseShape, patch: int, *, mask_value: MaskValue, activation: str, skip: bool, seed: int
    ) -> None:
        super().__init__()
        if skip and not shape.skip_layer and shape.S != shape.S0:
            raise ValueError(f"a skip from {shape.S0} to {shape.S} tokens needs a skip layer")
        if shape.skip_layer and not skip:
            raise ValueError("a skip layer needs skip paths")
        self.shape = shape
        self.patch = patch
        self.skip = skip
        self.embed = nn.Linear(shape.C0, shape.C, bias=shape.bias)
        self.first_skip = SkipLayer(shape.S0, shape.S, shape.C) if shape.skip_layer else nn.Identity()
        self.blocks = nn.ModuleList(
            SparseBlock(shape, block, mask_value=mask_value, activation=activation, seed=seed)
            for block in range(shape.layers)
        )
        self.norm = nn.LayerNorm(shape.m, eps=LAYER_NORM_EPS)
        self.classifier = nn.Linear(shape.C if shape.pool == "mean" else shape.m, shape.classes)

    def forward(self, images: Tensor, branch_scale: Tensor | None = None) -> Tensor:
        """Logits of normalised ``images``.

        Raises:
            ValueError: there is a ``branch_scale`` without skip paths.
        """
        check_branch_scale(branch_scale, skip=self.skip)
        X = self.embed(patches(images, self.patch))
        x = X.flatten(1)
        for block, mix in enumerate(self.blocks):
            mixed = mix(x)
            if self.skip:
                path = self.first_skip(X).flatten(1) if block == 0 else x
                mixed = path + scaled_branch(mixed, branch_scale, block)
            x = mixed
        x = self.norm(x)
        if self.shape.pool == "mean":
            x = x.view(len(x), self.shape.S, self.shape.C).mean(dim=1)
        logits: Tensor = self.classifier(x)
        return logits

    def initialize(self, kind: Init, seed: int) -> None:
        """Draw every parameter from a stream named after it; LayerNorms keep scale 1 and shift 0.

        Sparse layers as :meth:`SparseLinear.initialize` says. The other layers' weights are N(0, 1/fan_in) and their biases 0
        with ``normal``, and U(±1/sqrt(fan_in)) otherwise, ``golubeva`` being about sparse layers only.
        """
        dense = "torch-linear" if kind == "golubeva" else kind
        for prefix, module in self.named_modules():
            if isinstance(module, SparseLinear):
                module.initialize(seed, prefix, kind)
            else:
                draw_matrix(module, dense, seed, prefix)
