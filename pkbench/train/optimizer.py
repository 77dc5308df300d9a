"""Optimizers: PyTorch's fused implementations, and beta-LASSO."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from pkbench.spec.train import AdamW, Sgd
from pkbench.spec.train import BetaLasso as BetaLassoRecipe
from pkbench.train.beta_lasso import BetaLasso

FIRST_LAYER = ("embed.", "B1.")
"""Names that the parameters of the layer that reads the image begin with, in every model."""


def make_optimizer(model: nn.Module, recipe: AdamW | Sgd | BetaLassoRecipe, lr: float) -> torch.optim.Optimizer:
    """The optimizer of ``recipe`` over the parameters of ``model``; the training loop sets its learning rate every step."""
    match recipe:
        case AdamW():
            return torch.optim.AdamW(
                model.parameters(),
                lr=lr,
                betas=recipe.betas,
                eps=recipe.eps,
                weight_decay=recipe.weight_decay,
                fused=True,
            )
        case Sgd():
            return torch.optim.SGD(
                model.parameters(),
                lr=lr,
                momentum=recipe.momentum,
                nesterov=recipe.nesterov,
                weight_decay=recipe.weight_decay,
                fused=True,
            )
        case BetaLassoRecipe():
            return BetaLasso(_groups(model, recipe), lr=lr, beta=recipe.beta)


def clip_gradients(model: nn.Module, norm: float) -> None:
    """Scale the gradients on ``model`` so that all of them together have a Euclidean norm of at most ``norm``."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), norm)


def _groups(model: nn.Module, recipe: BetaLassoRecipe) -> list[dict[str, Any]]:
    """The parameters by their L1 coefficient."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        l1 = recipe.l1_first if name.startswith(FIRST_LAYER) else recipe.l1_rest
        if recipe.applies_to == "weights" and not is_weight(name, parameter):
            l1 = 0.0
        groups.setdefault(l1, []).append(parameter)
    return [{"params": parameters, "l1": l1} for l1, parameters in groups.items()]


def is_weight(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter is the weight of a linear map: all but biases and the scales and shifts of norms."""
    return parameter.ndim > 1 or name.endswith(".values")
