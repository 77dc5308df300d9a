"""Permutations of features: the ``J`` matrices of the paper as index vectors, never as matrices.

A permutation ``J`` of ``m`` features is the vector ``index`` with ``(J x)[i] = x[index[i]]``. Identity and
commutation matrices keep their structure, so that applying them is a view or a transposition and composing
them stays exact; all others are gathers whose backward is a gather by the inverse.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity on ``size`` features."""

    size: int

    @property
    def index(self) -> Tensor:
        """Index vector, shape ``(size,)``, int64."""
        return torch.arange(self.size)

    @property
    def inverse(self) -> Identity:
        """Itself."""
        return self


@dataclass(frozen=True, slots=True)
class Commutation:
    """The commutation matrix of Def. 3.1: ``J vec(X) = vec(X^T)`` for ``X`` of ``rows x columns``, vec stacking columns."""

    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Number of features."""
        return self.rows * self.columns

    @property
    def index(self) -> Tensor:
        """Index vector, shape ``(rows * columns,)``, int64."""
        return torch.arange(self.size).view(self.columns, self.rows).T.reshape(-1)

    @property
    def inverse(self) -> Commutation:
        """``J^T``: the commutation of the transposed shape."""
        return Commutation(self.columns, self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Shuffle:
    """Any permutation, by its index vector of shape ``(m,)``, int64."""

    index: Tensor

    @property
    def size(self) -> int:
        """Number of features."""
        return self.index.numel()

    @property
    def inverse(self) -> Shuffle:
        """The permutation that undoes this one."""
        inverse = torch.empty_like(self.index)
        inverse[self.index] = torch.arange(self.size)
        return Shuffle(inverse)


Permutation = Identity | Commutation | Shuffle


def random_permutation(size: int, seed: int) -> Shuffle:
    """A uniformly random permutation of ``size`` features, the same for the same ``seed`` everywhere."""
    return Shuffle(torch.randperm(size, generator=torch.Generator().manual_seed(seed)))


def compose(outer: Permutation, inner: Permutation) -> Permutation:
    """``outer @ inner``: ``inner`` is applied first. Structure is kept where the product has it.

    Raises:
        ValueError: the sizes differ.
    """
    if outer.size != inner.size:
        raise ValueError(f"cannot compose permutations of {outer.size} and {inner.size} features")
    if isinstance(outer, Identity):
        return inner
    if isinstance(inner, Identity):
        return outer
    if isinstance(outer, Commutation) and outer.inverse == inner:
        return Identity(outer.size)
    return Shuffle(inner.index[outer.index])


class _Gather(torch.autograd.Function):
    """``x[:, index]`` whose backward gathers by the inverse: scattering, which autograd would do, is slower."""

    @staticmethod
    def forward(x: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        del inverse
        return x.index_select(1, index)

    @staticmethod
    def setup_context(
        ctx: torch.autograd.function.FunctionCtx, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor
    ) -> None:
        del output
        ctx.save_for_backward(inputs[1], inputs[2])

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, None, None]:
        index, inverse = ctx.saved_tensors  # type: ignore[attr-defined]
        # Through the same function, so that second derivatives exist.
        return _Gather.apply(grad, inverse, index), None, None


class Permute(nn.Module):
    """Applies a permutation to the features of a batch, ``(B, m) -> (B, m)``.

    The index vectors are buffers (they follow the model's device) but not part of its state: they are
    determined by the run's seed.
    """

    index: Tensor | None
    inverse: Tensor | None

    def __init__(self, permutation: Permutation) -> None:
        super().__init__()
        self.permutation = permutation
        gathers = isinstance(permutation, Shuffle)
        self.register_buffer("index", permutation.index if gathers else None, persistent=False)
        self.register_buffer("inverse", permutation.inverse.index if gathers else None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``J x`` for every row of ``x``, shape ``(B, m)``."""
        match self.permutation:
            case Identity():
                return x
            case Commutation(rows, columns):
                return x.view(-1, columns, rows).transpose(1, 2).reshape(x.shape)
            case Shuffle():
                result: Tensor = _Gather.apply(x, self.index, self.inverse)
                return result

    def extra_repr(self) -> str:
        """What is permuted, for ``print(model)``."""
        return f"{type(self.permutation).__name__}, {self.permutation.size}"
