"""Small models that the probes are tried on."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing, Placement
from pkbench.sizes.mixer import MixerShape

SHAPE = MixerShape(S0=4, C0=12, S=3, C=5, depth=2, gamma_S=1.5, gamma_C=1.5, classes=3, bias=True, skip_layer=True)
"""For images of 3 x 4 x 4 in patches of 2 x 2."""
S_MIXER = replace(SHAPE, gamma_S=None, gamma_C=None)
BLOCKS = ["token_mixing.0", "channel_mixing.0", "token_mixing.1", "channel_mixing.1"]


class Residual(nn.Module):
    """A model whose blocks lie in ``blocks``."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 6)])

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = x + block(x)
        return x


class Sparse(nn.Module):
    """A sparse layer by its dense matrix: what the probes see of one."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.n_out, self.n_in = matrix.shape
        self.matrix = matrix

    def effective_csr(self) -> tuple[Tensor, Tensor, Tensor]:
        row, col = self.matrix.nonzero(as_tuple=True)
        degrees = torch.bincount(row, minlength=self.n_out)
        crow = torch.cat([torch.zeros(1, dtype=torch.int64), degrees.cumsum(0)])
        return crow, col, self.matrix[row, col]


def mixer(placement: Placement | None = "layer", shape: MixerShape = SHAPE) -> Mixer:
    model = Mixer(shape, 2, Mixing(placement, 0), activation="gelu", skip=True)
    initialize(model, "torch-linear", 0)
    return model


def images(n: int) -> Tensor:
    return torch.randn(n, 3, 4, 4, generator=torch.Generator().manual_seed(n))
