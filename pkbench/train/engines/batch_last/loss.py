"""The loss of a step of several runs, what counts as wrong, and the loss's gradient, in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Targets(NamedTuple):
    """What K runs' batches should give.

    Attributes:
        labels: int64 (K, B), with ``main``, those whose share is the larger.
        partners: int64 (K, B) that the labels are mixed with, and ``share`` (K,) the labels' part; ``None`` where nothing is mixed.
    """

    labels: Tensor
    main: Tensor
    partners: Tensor | None
    share: Tensor | None


class Losses(NamedTuple):
    """Of a step, before it.

    Attributes:
        sums: of the images' losses in nats, float32 (K,).
        wrong: images whose largest logit is not that of the main label, int64 (K,).
        gradient: of each run's mean loss by its logits (K, B, classes).
    """

    sums: Tensor
    wrong: Tensor
    gradient: Tensor


Loss = Callable[[Tensor, Targets, float], Losses]
"""From logits, float32 (K, B, classes), their targets, and label smoothing."""


def cross_entropy(logits: Tensor, targets: Targets, smoothing: float) -> Losses:
    """See :func:`pkbench.train.loss.training_loss`: of each run's images, with targets that are mixed and smoothed."""
    _, B, classes = logits.shape
    shares: list[tuple[Tensor, Tensor | float]] = [(targets.labels.unsqueeze(2), 1.0)]
    if targets.partners is not None and targets.share is not None:
        share = targets.share[:, None, None]
        shares = [(targets.labels.unsqueeze(2), share), (targets.partners.unsqueeze(2), 1 - share)]
    logarithms = logits.log_softmax(2)
    gradient = logarithms.exp().sub_(smoothing / classes)
    losses = -smoothing * logarithms.mean(2)
    for labels, weight in shares:
        part = torch.full_like(labels, 1 - smoothing, dtype=logits.dtype) * weight
        losses -= (part * logarithms.gather(2, labels)).squeeze(2)
        gradient.scatter_add_(2, labels, -part)
    return Losses(losses.sum(1), (logits.argmax(2) != targets.main).sum(1), gradient.div_(B))
