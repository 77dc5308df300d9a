"""LayerNorm over the channels of features with the images innermost."""

from __future__ import annotations

import torch
from torch import Tensor

from pkbench.models.mixers import LAYER_NORM_EPS


class _LayerNorm(torch.autograd.Function):
    """Over the third dimension, keeping the normalised features alone for the backward pass."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, X: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        centred = X - X.mean(2, keepdim=True)
        inverse = centred.square().mean(2, keepdim=True).add_(LAYER_NORM_EPS).rsqrt_()
        unit = centred.mul_(inverse)
        ctx.save_for_backward(unit, inverse, scale)
        return torch.addcmul(shift, unit, scale)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        unit, inverse, scale = ctx.saved_tensors  # type: ignore[attr-defined]
        along = grad * unit
        d_scale, d_shift = along.sum((1, 3), keepdim=True), grad.sum((1, 3), keepdim=True)
        # The sums over channels are products with the scales, so the scaled gradient is made once.
        projection = (along * scale).mean(2, keepdim=True)
        scaled = grad * scale
        dX = (scaled - scaled.mean(2, keepdim=True)).addcmul_(unit, projection, value=-1).mul_(inverse)
        return dX, d_scale, d_shift


def layer_norm(X: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """LayerNorm of ``X`` (K, S, C, B) over C, with ``scale`` and ``shift`` (K, C) of each run."""
    result: Tensor = _LayerNorm.apply(X, scale[:, None, :, None], shift[:, None, :, None])
    return result
