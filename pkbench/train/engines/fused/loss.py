"""The loss of a step, its gradient and what counts as wrong, by one kernel."""

from __future__ import annotations

import torch
import triton
from torch import Tensor

from pkbench.train.engines.batch_last.loss import Losses, Targets
from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels import loss as kernels

_TILE = 4096
"""Logits of a kernel's piece."""
_MOST_IMAGES = 128


def cross_entropy(logits: Tensor, targets: Targets, smoothing: float) -> Losses:
    """See :func:`pkbench.train.engines.batch_last.loss.cross_entropy`."""
    K, B, classes = logits.shape
    wide = triton.next_power_of_2(classes)
    images = max(1, min(triton.next_power_of_2(B), _MOST_IMAGES, _TILE // wide))
    pieces = -(-B // images)
    sums = torch.empty(K, pieces, device=logits.device)
    wrong = torch.empty(K, pieces, dtype=torch.int64, device=logits.device)
    gradient = torch.empty_strided(logits.shape, logits.stride(), device=logits.device)
    kernels.cross_entropy[pieces, K](
        *(logits, targets.labels, targets.main, targets.partners, targets.share, sums, wrong, gradient),
        *(B, classes, *logits.stride(), smoothing),
        IMAGES=images,
        CLASSES=wide,
        **ROUNDING,
    )
    return Losses(sums.sum(1), wrong.sum(1), gradient)
