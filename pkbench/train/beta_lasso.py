"""beta-LASSO (Neyshabur 2020, arXiv 2007.13657), the algorithm the paper's Table 1 compares with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class BetaLasso(torch.optim.Optimizer):
    """``theta <- theta - lr (grad + l1 sign(theta))``, then entries with ``|theta| < beta * l1`` become 0.

    No momentum and no other state. Each parameter group has its own ``l1``; without one it is plain gradient descent.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float, beta: float) -> None:
        super().__init__(groups, {"lr": lr, "beta": beta, "l1": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of every parameter that has a gradient; ``closure`` is not supported.

        Raises:
            ValueError: a closure is given.
        """
        if closure is not None:
            raise ValueError("beta-LASSO takes no closure")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    step(parameter, parameter.grad, group["lr"], group["l1"], group["beta"])


def step(theta: Tensor, gradient: Tensor, lr: float, l1: float, beta: float) -> None:
    """One step of ``theta`` in place."""
    if l1 == 0.0:
        theta.sub_(gradient, alpha=lr)
        return
    theta.sub_(gradient + l1 * theta.sign(), alpha=lr)
    theta.masked_fill_(theta.abs() < beta * l1, 0.0)
