"""The matrices of the paper, explicit and in float64, and the distance of two tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from pkbench.models.permutation import Permutation


def vec(X: Tensor) -> Tensor:
    """Columns of ``X`` of shape ``(S, C)`` on top of each other, shape ``(S * C,)``."""
    return X.T.reshape(-1)


def eye(n: int) -> Tensor:
    """The identity matrix ``I_n``."""
    return torch.eye(n, dtype=torch.float64)


def kron(A: Tensor, B: Tensor) -> Tensor:
    """``A (x) B``, the matrix of blocks ``A[i, j] * B``."""
    blocks = A[:, None, :, None] * B[None, :, None, :]
    return blocks.reshape(A.shape[0] * B.shape[0], A.shape[1] * B.shape[1])


def commutation_matrix(S: int, C: int) -> Tensor:
    """``J_c`` of Def. 3.1 entry by entry: ``J_c vec(X) = vec(X^T)`` for ``X`` of shape ``(S, C)``."""
    J = torch.zeros(S * C, S * C, dtype=torch.float64)
    s, c = torch.meshgrid(torch.arange(S), torch.arange(C), indexing="ij")
    # Entry (s, c) is number s + S*c of vec(X) and number c + C*s of vec(X^T).
    J[c + C * s, s + S * c] = 1.0
    return J


def permutation_matrix(J: Permutation) -> Tensor:
    """The matrix of ``J``, shape ``(m, m)``."""
    return eye(J.size)[J.index]


def difference(found: Tensor, wanted: Tensor) -> float:
    """Largest ``|found - wanted|``, relative to the largest ``|wanted|`` where that exceeds 1.

    Entries are of order 1, and a result far below 1 comes from cancellation: its own size is no measure of rounding.
    """
    scale = max(1.0, float(wanted.abs().max()))
    return float((found - wanted).abs().max()) / scale
