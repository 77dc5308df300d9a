"""Eq. 12 and Cor. 3.4: a layer ``phi(WXV)`` is an MLP layer with a Monarch matrix whose blocks share weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pkbench.models.pk import ACTIVATIONS
from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import Equation
from pkbench.probes.identities.matrices import commutation_matrix, difference, vec

phi = ACTIVATIONS["gelu"]


def block_diagonal(blocks: Sequence[Tensor]) -> Tensor:
    """Square blocks along the diagonal."""
    matrix: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return matrix


def monarch_matrix(L: Sequence[Tensor], R: Sequence[Tensor]) -> Tensor:
    """``J_c^T L J_c R`` (eq. 12) of S blocks ``L`` of ``C x C`` and C blocks ``R`` of ``S x S``, shape ``(SC, SC)``.

    Dao et al. have ``S = C = sqrt(n)``; other sizes need nothing else.
    """
    J = commutation_matrix(len(L), len(R))
    return J.T @ block_diagonal(L) @ J @ block_diagonal(R)


def _entries(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    L, R = draw.normal(S, C, C), draw.normal(C, S, S)
    # Feature (s, c) has number s + S*c. R moves s to s' within its c, then L moves c to c' within its s'.
    entries = torch.einsum("tdc,cts->dtcs", L, R).reshape(S * C, S * C)
    return difference(monarch_matrix(list(L), list(R)), entries)


def _layer(draw: Draw) -> float:
    W, X, V = _case(draw)
    M = monarch_matrix([V.T] * W.shape[0], [W] * V.shape[0])
    return difference(phi(M @ vec(X)), vec(phi(W @ X @ V)))


def _with_inner_phi(draw: Draw) -> float:
    W, X, V = _case(draw)
    M = monarch_matrix([V.T] * W.shape[0], [W] * V.shape[0])
    return difference(phi(M @ vec(X)), vec(phi(phi(W @ X) @ V)))


def _case(draw: Draw) -> tuple[Tensor, Tensor, Tensor]:
    """``W``, ``X``, ``V`` with square weights, as in Cor. 3.4."""
    S, C = draw.size(), draw.size()
    return draw.normal(S, S), draw.normal(S, C), draw.normal(C, C)


CHECKS: Mapping[str, Equation] = {
    "monarch-entries": Equation("J_cᵀ L J_c R and the matrix with entries L_s'[c', c] · R_c[s', s]", _entries),
    "monarch-layer": Equation(
        "vec φ(WXV) and φ(M vec X) with the Monarch matrix M of L = I_S ⊗ Vᵀ, R = I_C ⊗ W",
        _layer,
        ("largest difference where φ is kept between W and V", _with_inner_phi),
    ),
}
"""Identities by name."""
