"""Eq. 6-9 and Def. 3.1: mixing from the left and from the right as Kronecker products on ``vec(X)``."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pkbench.models.permutation import Commutation
from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import Equation
from pkbench.probes.identities.matrices import (
    commutation_matrix,
    difference,
    eye,
    kron,
    permutation_matrix,
    vec,
)


def _vec(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    W, X, V = draw.normal(draw.size(), S), draw.normal(S, C), draw.normal(C, draw.size())
    return difference(kron(V.T, W) @ vec(X), vec(W @ X @ V))


def _token_mixing(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    W, X = draw.normal(draw.size(), S), draw.normal(S, C)
    return difference(kron(eye(C), W) @ vec(X), vec(W @ X))


def _channel_mixing(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    X, V = draw.normal(S, C), draw.normal(C, draw.size())
    return difference(kron(V.T, eye(S)) @ vec(X), vec(X @ V))


def nonzero_ratio(matrix: Tensor) -> Tensor:
    """Counted share of entries that are not zero."""
    return torch.count_nonzero(matrix).double() / matrix.numel()


def _nonzero_tokens(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    return difference(C * nonzero_ratio(kron(eye(C), draw.normal(S, S))), torch.tensor(1.0))


def _nonzero_channels(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    return difference(S * nonzero_ratio(kron(draw.normal(C, C).T, eye(S))), torch.tensor(1.0))


def _commutation(draw: Draw) -> float:
    S, C = draw.size(), draw.size()
    X, J = draw.normal(S, C), commutation_matrix(S, C)
    return max(
        difference(J @ vec(X), vec(X.T)),
        difference(J.T @ J, eye(S * C)),
        difference(permutation_matrix(Commutation(S, C)), J),
    )


def _conjugation(draw: Draw) -> float:
    # A rectangular V, C to C2 channels, needs the commutation of each side's own shape.
    S, C, C2 = draw.size(), draw.size(), draw.size()
    V = draw.normal(C, C2)
    moved = commutation_matrix(S, C2).T @ kron(eye(S), V.T) @ commutation_matrix(S, C)
    return difference(moved, kron(V.T, eye(S)))


CHECKS: Mapping[str, Equation] = {
    "vec": Equation("vec(WXV) and (Vᵀ ⊗ W) vec(X)", _vec),
    "token-mixing": Equation("vec(WX) and (I_C ⊗ W) vec(X)", _token_mixing),
    "channel-mixing": Equation("vec(XV) and (Vᵀ ⊗ I_S) vec(X)", _channel_mixing),
    "nonzero-tokens": Equation("C times the counted non-zero ratio of I_C ⊗ W, and 1,", _nonzero_tokens),
    "nonzero-channels": Equation("S times the counted non-zero ratio of Vᵀ ⊗ I_S, and 1,", _nonzero_channels),
    "commutation": Equation(
        "J_c vec(X) and vec(Xᵀ) (and J_cᵀ J_c and I, and the index vector's matrix and J_c)", _commutation
    ),
    "conjugation": Equation("J_cᵀ (I_S ⊗ Vᵀ) J_c and Vᵀ ⊗ I_S", _conjugation),
}
"""Identities by name."""
