"""GELU as the C part has it for what is rounded to bfloat16 afterwards: by its tables, in float64."""

import re
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.native.library import SOURCES, library

PIECE = 5 / 32
LAST = 31.49 * PIECE


def gelu_to_be_rounded(x: Tensor) -> Tensor:
    """What the native engine has in bf16 on this processor."""
    return _Coarse.apply(x) if library().pk_lanes() == 16 else functional.gelu(x)


class _Coarse(torch.autograd.Function):
    """Value and slope are tables of their own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0) - _of_piece("TAIL", x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        half = _of_piece("SLOPE", x)
        return gradients[0] * (0.5 + torch.where(x < 0, -half, half))


def _of_piece(name: str, x: Tensor) -> Tensor:
    """The polynomial of |x| in the piece where that lies."""
    z = x.abs().clamp(max=LAST)
    piece = (z / PIECE).round()
    constant, first, second = _table(name).to(x.dtype)[:, piece.long()]
    rest = z - piece * PIECE
    return constant + rest * (first + rest * second)


def _table(name: str) -> Tensor:
    """Coefficients (3, 32), as the header has them."""
    text = (SOURCES / "coarse_gelu.h").read_text(encoding="utf-8")
    (body,) = re.findall(rf"float {name}\[3\]\[32\] = \{{(.*?)\}};", text, flags=re.DOTALL)
    return torch.tensor(
        [float(number) for number in re.findall(r"(-?[\d.]+(?:e-?\d+)?)f", body)], dtype=torch.float64
    ).view(3, 32)
