"""Rows that change places between a matrix of features and the operand of a product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


class _GatherRows(torch.autograd.Function):
    """``x[index]`` of rows whose backward gathers by the inverse: scattering, which autograd would do, is slower."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(inverse)
        return x.index_select(0, index)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None, None]:
        (inverse,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return grad.contiguous().index_select(0, inverse), None, None


@dataclass(frozen=True)
class Move:
    """One permutation of m rows for each of K runs: row r of run k comes from row ``index[k, r]``.

    Attributes:
        shape: ``(rows, columns)`` where every run's permutation is that of a transposed matrix, so that copying it is a
            transposition; ``None`` otherwise.
        index: int64 (K * m,) into the rows of all runs together; ``None`` where nothing moves.
        inverse: the same of the inverse.
    """

    shape: tuple[int, int] | None
    index: Tensor | None
    inverse: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        """The moved rows of ``x`` (K, m, B)."""
        if self.shape is not None:
            K, m, B = x.shape
            return x.reshape(K, *self.shape, B).transpose(1, 2).reshape(K, m, B)
        if self.index is None or self.inverse is None:
            return x
        moved: Tensor = _GatherRows.apply(x.flatten(0, 1), self.index, self.inverse)
        return moved.view(x.shape)


def move(indices: Sequence[Tensor], columns: int | None, device: torch.device) -> Move:
    """The move of permutations ``indices`` (m,), one for each run.

    ``columns``: of the matrix whose transposition they may be.
    """
    m = len(indices[0])
    rows = torch.arange(m)
    if all(torch.equal(index, rows) for index in indices):
        return Move(None, None, None)
    if columns and all(torch.equal(index, rows.view(-1, columns).T.flatten()) for index in indices):
        return Move((m // columns, columns), None, None)
    inverses = [torch.empty_like(index).scatter_(0, index, rows) for index in indices]
    together = [torch.cat([part + k * m for k, part in enumerate(parts)]) for parts in (indices, inverses)]
    return Move(None, *(index.to(device) for index in together))
