"""A Mixer with random permutations as people write it: plain modules, ``x[:, perm]`` for a permutation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pkbench.models.mixers import LAYER_NORM_EPS


class PlainBlock(nn.Module):
    """``x + unpermute(mlp(permute(norm(x))))`` on groups of features; ``permutations`` has one more entry than ``widths`` has layers.

    Shapes: ``(B, S, C) -> (B, S, C)``. ``widths`` are the features of a group before, inside and after the MLP;
    ``permutations`` are index vectors, one before each layer and one after the last.
    """

    def __init__(self, channels: int, widths: Sequence[int], permutations: Sequence[Tensor]) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=LAYER_NORM_EPS)
        self.widths = tuple(widths)
        self.layers = nn.ModuleList(nn.Linear(n, k) for n, k in pairwise(widths))
        self.act = nn.GELU()
        for i, permutation in enumerate(permutations):
            self.register_buffer(f"perm{i}", permutation)

    def forward(self, x: Tensor) -> Tensor:
        """The block's value with its skip path."""
        h: Tensor = self.norm(x).flatten(1)
        for i, layer in enumerate(self.layers):
            h = h[:, getattr(self, f"perm{i}")]
            h = layer(h.view(len(x), -1, self.widths[i]))
            h = (self.act(h) if i == 0 else h).flatten(1)
        return x + h[:, getattr(self, f"perm{len(self.layers)}")].view(x.shape)


class PlainNormalBlock(nn.Module):
    """``x + act(fc(norm(x)))`` along tokens or along channels: a mixing block of the S-Mixer, for which timm has none.

    Shapes: ``(B, S, C) -> (B, S, C)``.
    """

    def __init__(self, channels: int, width: int, *, tokens: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=LAYER_NORM_EPS)
        self.layer = nn.Linear(width, width)
        self.act = nn.GELU()
        self.tokens = tokens

    def forward(self, x: Tensor) -> Tensor:
        """The block's value with its skip path."""
        h: Tensor = self.norm(x)
        h = self.act(self.layer(h.transpose(1, 2))).transpose(1, 2) if self.tokens else self.act(self.layer(h))
        return x + h


class PlainMixer(nn.Module):
    """Patches by a convolution, two blocks a layer, mean over tokens, classifier.

    Shapes: ``(B, colours, H, W) -> (B, classes)``.
    """

    def __init__(self, channels: int, patch: int, colours: int, classes: int, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(colours, channels, kernel_size=patch, stride=patch)
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(channels, eps=LAYER_NORM_EPS)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of normalised images."""
        x = self.stem(x).flatten(2).transpose(1, 2)
        logits: Tensor = self.head(self.norm(self.blocks(x)).mean(dim=1))
        return logits


def random_permutations(groups: int, widths: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """A random permutation of all ``groups * n`` features for each ``n`` of ``widths``."""
    return [torch.randperm(groups * n, generator=generator) for n in widths]
