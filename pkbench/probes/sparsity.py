"""How sparse a matrix effectively is when none of its entries is exactly zero, also for ``V (x) W`` by its factors.

Prop. 3.3 bounds weight decay on ``V`` and ``W`` by an L1 penalty on ``V (x) W``; these measures say whether training
makes the product sparser. Its absolute values are all products of theirs, so sums of powers multiply and the product
is never formed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sparsity:
    """Measures of a matrix's ``n`` entries ``x``. All but the norms are the same for every multiple of the matrix."""

    n: int
    l1: float
    """``sum |x|``."""
    l2: float
    """``sqrt(sum x^2)``."""
    l1_ratio: float
    """``l1 / (l2 sqrt(n))``: 1 where all magnitudes are equal, ``1/sqrt(n)`` with one non-zero entry."""
    hoyer: float
    """``(sqrt(n) - l1/l2) / (sqrt(n) - 1)`` (Hoyer 2004): 0 where all magnitudes are equal, 1 with one non-zero entry. NaN for ``n = 1``."""
    participation: float
    """``(sum x^2)^2 / (n sum x^4)``: the share of entries that carry the energy, 1 where all magnitudes are equal."""
    small: float
    """Share of entries below ``eps`` times the largest magnitude."""


@dataclass(frozen=True, slots=True)
class _Powers:
    """Sums over the magnitudes of a matrix divided by the largest one: of a Kronecker product they multiply."""

    n: int
    peak: float
    first: float
    second: float
    fourth: float


def matrix_sparsity(matrix: Tensor, eps: float) -> Sparsity:
    """Measures of ``matrix``, of any shape; ``eps`` is relative to its largest magnitude.

    Raises:
        ValueError: ``eps`` is not positive, or all entries are zero, or one is not finite.
    """
    return product_sparsity(matrix, torch.ones(1, dtype=torch.float64), eps)


def product_sparsity(V: Tensor, W: Tensor, eps: float) -> Sparsity:
    """Measures of ``V (x) W`` (equal for ``V^T (x) W``), from the factors alone.

    With ``a`` and ``b`` entries the work is ``O((a + b) log b)`` and the memory ``O(a + b)``: the products below ``eps``
    are counted by looking up, for every ``|v|``, how many of the sorted ``|w|`` are below ``eps/|v|``.

    Raises:
        ValueError: ``eps`` is not positive, or all entries of a factor are zero, or one is not finite.
    """
    if eps <= 0:
        raise ValueError(f"eps must be positive, not {eps}")
    (of_V, v), (of_W, w) = _powers(V), _powers(W)
    n = of_V.n * of_W.n
    first, second, fourth = of_V.first * of_W.first, of_V.second * of_W.second, of_V.fourth * of_W.fourth
    peak = of_V.peak * of_W.peak
    l1_over_l2 = first / math.sqrt(second)
    # An entry of zero has the bound infinity, and with it all products are small.
    below = torch.searchsorted(w, eps / v, side="left").sum()
    return Sparsity(
        n=n,
        l1=peak * first,
        l2=peak * math.sqrt(second),
        l1_ratio=l1_over_l2 / math.sqrt(n),
        hoyer=(math.sqrt(n) - l1_over_l2) / (math.sqrt(n) - 1) if n > 1 else math.nan,
        participation=second**2 / fourth / n,
        small=int(below) / n,
    )


def _powers(matrix: Tensor) -> tuple[_Powers, Tensor]:
    """Sums of powers of the scaled magnitudes, and these magnitudes, ascending, float64."""
    magnitudes = matrix.detach().double().abs().flatten().sort().values
    peak = float(magnitudes[-1])
    if not 0 < peak < math.inf:
        raise ValueError("sparsity needs finite entries that are not all zero")
    scaled = magnitudes / peak
    squares = scaled.square()
    powers = _Powers(len(scaled), peak, float(scaled.sum()), float(squares.sum()), float(squares.square().sum()))
    return powers, scaled
