"""Every primitive as an explicit float64 matrix, entry by entry from its definition."""

import torch
from torch import Tensor

from pkbench.structures.factors import Blocks, Commute, Factor, Shared, Toeplitz
from tests.models.reference import commutation_matrix


def explicit(factor: Factor, weight: Tensor | None) -> Tensor:
    match factor:
        case Commute():
            return commutation_matrix(factor.rows, factor.columns)
        case Blocks() | Shared():
            return torch.stack([_block_row(factor, weight, i) for i in range(factor.n_out)])
        case Toeplitz():
            return torch.stack([_toeplitz_row(factor, weight, i) for i in range(factor.n_out)])
    raise AssertionError(factor)


def _block_row(factor: Blocks | Shared, weight: Tensor, i: int) -> Tensor:
    group, row = divmod(i, factor.rows)
    entries = weight[row] if isinstance(factor, Shared) else weight[group, row]
    left, right = group * factor.columns, (factor.groups - group - 1) * factor.columns
    return torch.cat([entries.new_zeros(left), entries, entries.new_zeros(right)])


def _toeplitz_row(factor: Toeplitz, weight: Tensor, i: int) -> Tensor:
    a, i = divmod(i, factor.size)
    entries = []
    for b in range(factor.columns):
        for j in range(factor.size):
            tap = (j - i + factor.taps // 2) % factor.size
            entries.append(weight[a, b, tap] if tap < factor.taps else weight.new_zeros(()))
    return torch.stack(entries)


def explicit_product(factors: tuple[Factor, ...], weights: list[Tensor]) -> Tensor:
    """The product of all factors, ``factors[0]`` rightmost."""
    left = list(weights)
    product = torch.eye(factors[0].n_in, dtype=torch.float64)
    for factor in factors:
        product = explicit(factor, left.pop(0) if factor.parameters else None) @ product
    assert not left
    return product
