"""The optimizer's step of all runs, by one kernel where it is AdamW."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pkbench.spec.train import AdamW
from pkbench.train.engines.batch_last import optimize as in_pytorch
from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels.adamw import adamw
from pkbench.train.engines.moments import Rule

_ENTRIES = 1024


def optimize(rule: Rule, flat: Tensor, gradient: Tensor, moments: Sequence[Tensor], coefficients: Tensor) -> None:
    """See :func:`pkbench.train.engines.batch_last.optimize.optimize`."""
    if not isinstance(rule, AdamW):
        in_pytorch.optimize(rule, flat, gradient, moments, coefficients)
        return
    K, parameters = flat.shape
    mean, square = moments
    beta1, beta2 = rule.betas
    adamw[-(-parameters // _ENTRIES), K](
        *(flat, gradient, mean, square, coefficients, parameters, K, 1 - beta1, beta2, 1 - beta2, rule.eps),
        ENTRIES=_ENTRIES,
        **ROUNDING,
    )
