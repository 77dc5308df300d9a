"""Lemma B.1 and Prop. 3.3: L2 regularisation of Kronecker factors bounds L1 regularisation of their product."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import Bound, Equation, Sides
from pkbench.probes.identities.matrices import kron

KINDS = ("normal entries", "heavy tails", "mostly zeros", "equal magnitudes")
"""How the entries of a factor are drawn: from far to nothing between its L1 and L2 norm."""


def factor(draw: Draw, kind: str, *shape: int) -> Tensor:
    """A random tensor of that kind, never all zeros."""
    match kind:
        case "normal entries":
            return draw.normal(*shape)
        case "heavy tails":
            return draw.normal(*shape) ** 3
        case "mostly zeros":
            entries = draw.normal(*shape) * (draw.normal(*shape) > 1).double()
            entries.view(-1)[0] = 1.0
            return entries
        case _:
            return draw.signs(*shape) * draw.uniform(0.5, 2.0)


def penalty(u: Tensor, v: Tensor) -> float:
    """``(|u|_2^2 + |v|_2^2) / 2``: weight decay of two factors, for ``lambda = 1``."""
    return float(u.square().sum() + v.square().sum()) / 2


def _rescaling(draw: Draw) -> float:
    """``inf`` over all factors of ``beta`` of the penalty, found by search, against ``|beta|_2``.

    ``u (x) v = beta`` fixes the factors up to ``(tu, v/t)``, so the search is over ``t``.
    """
    from scipy.optimize import minimize_scalar

    u, v = draw.normal(draw.size()), draw.normal(draw.size())
    # The minimum is at t = sqrt(|v|/|u|), within e^20 of 1 unless a norm is absurdly small.
    found = minimize_scalar(lambda t: penalty(u * math.exp(t), v * math.exp(-t)), bounds=(-20, 20), method="bounded")
    wanted = float(torch.outer(u, v).norm())
    return abs(float(found.fun) - wanted) / wanted


def _lemma_b1(draw: Draw) -> Sides:
    kind, a, b = KINDS[draw.whole(len(KINDS)) - 1], draw.size(), draw.size()
    beta = torch.outer(factor(draw, kind, a), factor(draw, kind, b))
    norm = float(beta.norm())
    case = "one entry" if a * b == 1 else kind
    return Sides(float(beta.abs().sum()) / math.sqrt(a * b), norm, norm, case)


def kronecker_minimum(A: Tensor, C: int, S: int, strength: float) -> float:
    """``min |V (x) W - A|^2 / 2 + strength * (|V|^2 + |W|^2) / 2`` over ``V`` of ``C x C`` and ``W`` of ``S x S``.

    The entries of ``V (x) W``, reordered to ``vec(V) vec(W)^T``, have rank one, so the best factors are the
    first singular vectors of ``A`` reordered alike (Van Loan and Pitsianis 1993), its singular value less ``strength``.
    """
    reordered = A.view(C, S, C, S).transpose(1, 2).reshape(C * C, S * S)
    left, values, right = torch.linalg.svd(reordered, full_matrices=False)
    root = math.sqrt(max(0.0, float(values[0]) - strength))
    V, W = root * left[:, 0].view(C, C), root * right[0].view(S, S)
    return float((kron(V, W) - A).square().sum()) / 2 + strength * penalty(V, W)


def lasso_minimum(A: Tensor, strength: float) -> float:
    """``min |B - A|^2 / 2 + strength * |B|_1`` over all ``B``: the minimum is ``A`` softly thresholded."""
    B = A.sign() * (A.abs() - strength).clamp(min=0)
    return float((B - A).square().sum()) / 2 + strength * float(B.abs().sum())


def _prop_3_3(draw: Draw) -> Sides:
    S, C = draw.size(), draw.size()
    kind = (*KINDS, "no Kronecker product")[draw.whole(len(KINDS) + 1) - 1]
    if kind == "no Kronecker product":
        A = draw.normal(C * S, C * S)
    else:
        A = kron(factor(draw, kind, C, C), factor(draw, kind, S, S))
    # Beyond the norm of A both minima are at zero; far below it both vanish, hence the gap relative to the minimum.
    strength = float(A.norm()) * draw.uniform(0.01, 1.0)
    minimum = kronecker_minimum(A, C, S, strength)
    case = "one entry" if S * C == 1 else kind
    return Sides(lasso_minimum(A, strength / (C * S)), minimum, minimum, case)


IDENTITIES: Mapping[str, Equation] = {
    "rescaling": Equation(
        "|u ⊗ v|₂ and the smallest (|u'|² + |v'|²)/2 over u' ⊗ v' = u ⊗ v, found by search,", _rescaling
    ),
}
"""Identities by name."""

BOUNDS: Mapping[str, Bound] = {
    "lemma-b1": Bound("|β|₁/√(ab)", "|β|₂ of β = u ⊗ v", _lemma_b1),
    "prop-3.3": Bound(
        "min_B L(B) + λ/(CS) |B|₁", "min_{V,W} L(V ⊗ W) + λ/2 (|V|² + |W|²), with L(B) = |B - A|²/2,", _prop_3_3
    ),
}
"""Inequalities by name."""
