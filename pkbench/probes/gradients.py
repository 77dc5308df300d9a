"""Norms of the loss's gradient, block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pkbench.probes.features import mixing_blocks


@dataclass(frozen=True, slots=True)
class GradientNorms:
    """Euclidean norms of the gradient's parts."""

    blocks: tuple[tuple[str, float], ...]
    """Name and norm of each mixing block, in network order."""
    rest: float
    """Norm of the gradient of all other parameters together: per-patch layer, skip layer, head."""

    @property
    def total(self) -> float:
        """Norm of the whole gradient."""
        return math.hypot(self.rest, *(norm for _, norm in self.blocks))


def gradient_norms(model: nn.Module) -> GradientNorms:
    """Norms of the gradients that lie on ``model`` after a backward pass, summed in float64.

    A parameter that took no part in the pass counts as zero; an infinite or undefined gradient makes its part so. A
    gradient scaled for mixed precision has to be unscaled first.

    Raises:
        ValueError: no parameter has a gradient.
    """
    if all(parameter.grad is None for parameter in model.parameters()):
        raise ValueError("no parameter has a gradient: the norms are taken after a backward pass")
    blocks = mixing_blocks(model)
    in_blocks = {id(parameter) for block in blocks.values() for parameter in block.parameters()}
    parts = [list(block.parameters()) for block in blocks.values()]
    parts.append([parameter for parameter in model.parameters() if id(parameter) not in in_blocks])
    none = torch.zeros((), dtype=torch.float64, device=next(model.parameters()).device)
    # One transfer from the device for all parts.
    *norms, rest = torch.stack([_norm(part, none) for part in parts]).tolist()
    return GradientNorms(tuple(zip(blocks, norms, strict=True)), rest)


def _norm(parameters: list[nn.Parameter], none: Tensor) -> Tensor:
    """Norm of the parameters' gradients together, a float64 scalar; ``none`` where there are no gradients."""
    norms = [
        torch.linalg.vector_norm(parameter.grad, dtype=torch.float64)
        for parameter in parameters
        if parameter.grad is not None
    ]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else none
