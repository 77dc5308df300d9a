"""Initial parameters, each drawn from a stream of its own: what else a model has never changes them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from pkbench.seeding import stream_seed


def draw(parameter: Tensor, kind: str, fan_in: int, seed: int, name: str, *, bias: bool) -> None:
    """Draw ``parameter`` from the stream ``("init", seed, name)``.

    ``torch-linear``: U(±1/sqrt(fan_in)), weights and biases, PyTorch's default for linear layers. ``normal``: weights
    N(0, 1/fan_in), biases 0 (§4.3).

    Raises:
        ValueError: ``kind`` is neither.
    """
    generator = torch.Generator().manual_seed(stream_seed("init", seed, name))
    with torch.no_grad():
        if kind == "torch-linear":
            parameter.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=generator)
        elif kind == "normal" and bias:
            parameter.zero_()
        elif kind == "normal":
            parameter.normal_(0, 1 / math.sqrt(fan_in), generator=generator)
        else:
            raise ValueError(f"no initialisation is called {kind}")


def draw_matrix(owner: nn.Module, kind: str, seed: int, prefix: str) -> None:
    """Draw ``weight``, a matrix, of the module called ``prefix`` and its ``bias``, if it has such; other modules stay."""
    weight, bias = getattr(owner, "weight", None), getattr(owner, "bias", None)
    if not isinstance(weight, nn.Parameter) or weight.ndim != 2:
        return
    draw(weight, kind, weight.shape[1], seed, f"{prefix}.weight", bias=False)
    if isinstance(bias, nn.Parameter):
        draw(bias, kind, weight.shape[1], seed, f"{prefix}.bias", bias=True)


def initialize(module: nn.Module, kind: str, seed: int) -> None:
    """Draw every matrix of ``module`` and the bias beside it; norms keep scale 1 and shift 0."""
    for prefix, owner in module.named_modules():
        draw_matrix(owner, kind, seed, prefix)
