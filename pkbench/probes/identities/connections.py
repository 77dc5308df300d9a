"""Eq. 13-15, eq. 17 and S.45: connections of whole shapes and of masks, counted and by formula."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from pkbench import widths
from pkbench.models.masks import draw_mask
from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import Bound, Equation, Sides
from pkbench.probes.identities.matrices import difference, eye, kron

GAMMA = (0.25, 8.0)
"""Range of drawn expansion factors, where they need not be whole."""


def effective_matrices(S: int, C: int, gamma: int, draw: Draw) -> tuple[Tensor, ...]:
    """The four explicit weights of an MLP-Mixer's base block: two of token mixing, two of channel mixing."""
    return (
        kron(eye(C), draw.normal(gamma * S, S)),
        kron(eye(C), draw.normal(S, gamma * S)),
        kron(draw.normal(C, gamma * C).T, eye(S)),
        kron(draw.normal(gamma * C, C).T, eye(S)),
    )


def _omega(draw: Draw) -> float:
    # A whole gamma: otherwise the hidden width is rounded, and eq. 13 holds up to that.
    S, C, gamma = draw.size(), draw.size(), draw.whole(4)
    matrices = effective_matrices(S, C, gamma, draw)
    counted = sum(int(torch.count_nonzero(matrix)) for matrix in matrices) / len(matrices)
    return abs(widths.omega(S, C, gamma) - counted) / counted


def _tokens_solved(draw: Draw) -> float:
    S, C, gamma = draw.size(), draw.size(), draw.log_uniform(*GAMMA)
    return abs(widths.solve_tokens(C, widths.omega(S, C, gamma), gamma) - S) / S


def counted_sparse_term(m: int, ones: int, gamma: int, seed: int) -> float:
    """``(1 - p) / q^2`` of a ``gamma*m x m`` mask with so many ones: ``p`` of its entries, ``q^2 = p*m`` a row (eq. 17)."""
    mask = draw_mask("exact", gamma * m, m, ones / (gamma * m * m), seed)
    return (1 - mask.density) / float(mask.row_degrees.double().mean())


def _sparse_term(draw: Draw) -> float:
    # The same connections at two widths; a whole gamma, as above.
    m, gamma = draw.size(), draw.whole(4)
    wider = m + draw.size()
    ones = draw.whole(gamma * m * m)
    counted = [counted_sparse_term(width, ones, gamma, draw.whole(2**31 - 1)) for width in (m, wider)]
    formula = [widths.sparse_term(width, ones, gamma) for width in (m, wider)]
    return difference(*(torch.tensor(each, dtype=torch.float64) for each in (counted, formula)))


def _smallest_width(draw: Draw) -> Sides:
    S, C, gamma = draw.size(), draw.size(), draw.log_uniform(*GAMMA)
    omega, m = widths.omega(S, C, gamma), S * C
    case = "S = 1 or C = 1" if min(S, C) == 1 else "S and C above 1"
    return Sides((math.sqrt(1 + 8 * omega / gamma) - 1) / 2, m, m, case)


def _largest_width(draw: Draw) -> Sides:
    # One draw in four is square, where the bound is said to be attained.
    S = draw.size()
    C = S if draw.whole(4) == 1 else draw.size()
    gamma = draw.log_uniform(*GAMMA)
    largest = (widths.omega(S, C, gamma) / gamma) ** (2 / 3)
    return Sides(S * C, largest, largest, "S = C" if S == C else "S and C differ")


IDENTITIES: Mapping[str, Equation] = {
    "omega": Equation("γ(CS² + C²S)/2 and the counted non-zeros a layer", _omega),
    "tokens-solved": Equation("S and (√(C² + 8Ω/(γC)) − C)/2 at Ω = γ(CS² + C²S)/2", _tokens_solved),
    "sparse-term": Equation("(1 − p)/q², counted at two widths with the same Ω ones, and γm/Ω − 1/m", _sparse_term),
}
"""Identities by name."""

BOUNDS: Mapping[str, Bound] = {
    "smallest-width": Bound("(√(1 + 8Ω/γ) − 1)/2", "m = SC", _smallest_width),
    "largest-width": Bound("m = SC", "(Ω/γ)^(2/3)", _largest_width),
}
"""Inequalities by name."""
