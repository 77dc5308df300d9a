"""An SW-MLP as people write it: a dense matrix times its mask, or a CSR matrix of ``torch.sparse``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.models.masks import Mask
from pkbench.models.mixers import LAYER_NORM_EPS


class MaskedLinear(nn.Module):
    """``(weight * mask) x + bias`` with both in full.

    Shapes: ``(B, n_in) -> (B, n_out)``.
    """

    mask: Tensor

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        ones = torch.zeros(mask.n_out, mask.n_in)
        ones[mask.row, mask.col] = 1
        self.register_buffer("mask", ones)
        self.weight = nn.Parameter(torch.empty_like(ones).uniform_(-1, 1) / mask.n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(mask.n_out))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's value."""
        return functional.linear(x, self.weight * self.mask, self.bias)


class CsrLinear(nn.Module):
    """``A x + bias`` with ``A`` a ``torch.sparse_csr_tensor`` of the trained ``values``.

    Shapes: ``(B, n_in) -> (B, n_out)``.
    """

    crow: Tensor
    col: Tensor

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self.size = (mask.n_out, mask.n_in)
        self.register_buffer("crow", mask.crow)
        self.register_buffer("col", mask.col)
        self.values = nn.Parameter(torch.empty(mask.nnz).uniform_(-1, 1) / mask.n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(mask.n_out))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's value."""
        matrix = torch.sparse_csr_tensor(self.crow, self.col, self.values, self.size)
        return (matrix @ x.t()).t() + self.bias


class PlainSparseMlp(nn.Module):
    """Patches by a convolution, then ``x + act(layer(norm(x)))`` on all features for each layer, mean over tokens, classifier.

    Shapes: ``(B, colours, H, W) -> (B, classes)``.
    """

    def __init__(
        self, channels: int, patch: int, colours: int, classes: int, layers: Sequence[nn.Module], m: int
    ) -> None:
        super().__init__()
        self.channels = channels
        self.stem = nn.Conv2d(colours, channels, kernel_size=patch, stride=patch)
        self.norms = nn.ModuleList(nn.LayerNorm(m, eps=LAYER_NORM_EPS) for _ in layers)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(m, eps=LAYER_NORM_EPS)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of normalised images."""
        x = self.stem(x).flatten(2).transpose(1, 2).flatten(1)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = x + functional.gelu(layer(norm(x)))
        logits: Tensor = self.head(self.norm(x).view(len(x), -1, self.channels).mean(dim=1))
        return logits
