"""The optimizer's step of several runs, each with its own rate, in PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pkbench.spec.train import AdamW
from pkbench.train.engines.moments import Rule

Optimize = Callable[[Rule, Tensor, Tensor, Sequence[Tensor], Tensor], None]
"""In place, with the arguments of :func:`optimize`."""


def coefficients_of(rule: Rule, rates: Sequence[float], steps: Sequence[int]) -> Tensor:
    """What :func:`optimize` needs of a step, float32 (any, K), at K runs' ``rates``, each after so many other ``steps``."""
    # In Python: a dozen operations on tensors of K numbers take longer than a small model's whole step on a GPU.
    if isinstance(rule, AdamW):
        beta1, beta2 = rule.betas
        root = [math.sqrt(1 - beta2 ** (step + 1)) for step in steps]
        decay = [1 - rate * rule.weight_decay for rate in rates]
        size = [-rate / (1 - beta1 ** (step + 1)) for rate, step in zip(rates, steps, strict=True)]
        return torch.tensor([root, decay, size])
    # A first velocity is the gradient itself, which is what 0 before it gives.
    return torch.tensor([[rule.momentum if step else 0.0 for step in steps], list(rates)])


def optimize(rule: Rule, flat: Tensor, gradient: Tensor, moments: Sequence[Tensor], coefficients: Tensor) -> None:
    """Change the parameters ``flat`` (K, parameters) and the ``moments`` by a step along ``gradient``, which may be used up."""
    if isinstance(rule, AdamW):
        root, decay, size = coefficients.unsqueeze(2)
        mean, square = moments
        beta1, beta2 = rule.betas
        mean.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        denominator = square.sqrt().div_(root).add_(rule.eps)
        flat.mul_(decay).addcdiv_(mean * size, denominator)
        return
    momentum, rate = coefficients.unsqueeze(2)
    (velocity,) = moments
    if rule.weight_decay:
        gradient.add_(flat, alpha=rule.weight_decay)
    velocity.mul_(momentum).add_(gradient)
    direction = gradient.add_(velocity, alpha=rule.momentum) if rule.nesterov else velocity
    flat.sub_(direction * rate)
