"""Optimizers, by PyTorch's fused implementations."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from pkbench.spec.train import AdamW, Sgd


def make_optimizer(parameters: Iterable[nn.Parameter], recipe: AdamW | Sgd, lr: float) -> torch.optim.Optimizer:
    """The optimizer of ``recipe`` over ``parameters``; the training loop sets its learning rate every step."""
    if isinstance(recipe, AdamW):
        return torch.optim.AdamW(
            parameters, lr=lr, betas=recipe.betas, eps=recipe.eps, weight_decay=recipe.weight_decay, fused=True
        )
    return torch.optim.SGD(
        parameters,
        lr=lr,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
