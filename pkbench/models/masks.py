"""Random masks of sparse layers: where their ones are, never as a matrix when these are few (S.16-S.17)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pkbench.sizes.sparse import MaskKind, mask_ones


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """The ones of a mask of ``n_out x n_in``, row by row and from left to right (CSR).

    ``crow``, shape ``(n_out + 1,)``, int32: row ``i``'s ones are numbers ``crow[i]`` to ``crow[i + 1] - 1``;
    ``col``, shape ``(nnz,)``, int32: their columns.

    Raises:
        ValueError: there are no ones, or too many to number them in 32 bits.
    """

    n_out: int
    n_in: int
    crow: Tensor
    col: Tensor

    def __post_init__(self) -> None:
        if not 0 < self.nnz < 2**31:
            raise ValueError(
                f"a mask of {self.n_out} x {self.n_in} has {self.nnz} ones; at least one and fewer than 2^31 are needed"
            )

    @property
    def nnz(self) -> int:
        """Number of ones."""
        return self.col.numel()

    @property
    def density(self) -> float:
        """Fraction of ones, the ``p`` this mask really has."""
        return self.nnz / (self.n_out * self.n_in)

    @property
    def row_degrees(self) -> Tensor:
        """Ones of each row, shape ``(n_out,)``."""
        return self.crow.diff()

    @property
    def column_degrees(self) -> Tensor:
        """Ones of each column, shape ``(n_in,)``."""
        return torch.bincount(self.col, minlength=self.n_in)

    @property
    def row(self) -> Tensor:
        """Row of each one, shape ``(nnz,)``, int32."""
        return torch.arange(self.n_out, dtype=torch.int32).repeat_interleave(self.row_degrees)

    def transposed(self) -> tuple[Mask, Tensor]:
        """The transposed mask, and for each of its ones the number that it has here, shape ``(nnz,)``, int32."""
        order = torch.argsort(self.col, stable=True)
        transposed = Mask(self.n_in, self.n_out, _pointers(self.column_degrees), self.row[order])
        return transposed, order.int()


def draw_mask(kind: MaskKind, n_out: int, n_in: int, density: float, seed: int) -> Mask:
    """A uniformly random mask, the same for the same ``seed`` everywhere.

    ``exact``: any ``round(density * n_out * n_in)`` entries are ones, all such masks equally likely. ``bernoulli``: each
    entry is one with probability ``density``, independently. ``fan-in``: ``round(density * n_in)`` ones in every row, at
    any of its places.

    Raises:
        ValueError: ``density`` is not in ``(0, 1]``, or the mask has no ones (a small ``bernoulli`` one may) or too many.
    """
    generator = torch.Generator().manual_seed(seed)
    ones = mask_ones(kind, density, n_out, n_in)
    entries = n_out * n_in
    match kind:
        case "fan-in":
            flat = _distinct(n_out, n_in, ones // n_out, generator)
        case "exact":
            flat = _distinct(1, entries, ones, generator)
        case "bernoulli":
            # Given their number, independent ones are at any of the places with equal probability.
            number = torch.binomial(
                torch.tensor(float(entries), dtype=torch.float64),
                torch.tensor(density, dtype=torch.float64),
                generator=generator,
            )
            flat = _distinct(1, entries, int(number), generator)
    crow = _pointers(torch.bincount(flat // n_in, minlength=n_out))
    return Mask(n_out, n_in, crow, (flat % n_in).int())


def _pointers(degrees: Tensor) -> Tensor:
    """Where each row begins, from the ones of each row."""
    return torch.cat((torch.zeros(1, dtype=torch.int64), degrees.cumsum(0))).int()


def _distinct(groups: int, size: int, count: int, generator: torch.Generator) -> Tensor:
    """``count`` places in each of ``groups`` groups of ``size`` places, numbered through; sorted, all choices equally likely.

    Places drawn with repetition are drawn again until there are enough: which places repeat depends on no place's
    number, so every choice stays as likely as any other.
    """
    if 2 * count > size:
        others = torch.ones(groups * size, dtype=torch.bool)
        others[_distinct(groups, size, size - count, generator)] = False
        return others.nonzero().squeeze(1)
    # A byte for every place takes no more memory than eight for every chosen one, and saves sorting.
    return (_by_marking if 8 * count >= size else _by_sorting)(groups, size, count, generator)


def _by_marking(groups: int, size: int, count: int, generator: torch.Generator) -> Tensor:
    """``_distinct`` with a mark for every place."""
    marked = torch.zeros(groups, size, dtype=torch.bool)
    missing = torch.full((groups,), count)
    while missing.any():
        marked.view(-1)[_draw(missing, size, generator)] = True
        # Counting row by row is several times as fast as along a dimension.
        missing = count - torch.stack([group.count_nonzero() for group in marked])
    return marked.view(-1).nonzero().squeeze(1)


def _by_sorting(groups: int, size: int, count: int, generator: torch.Generator) -> Tensor:
    """``_distinct`` in memory proportional to the result."""
    found = torch.empty(0, dtype=torch.int64)
    missing = torch.full((groups,), count)
    while missing.any():
        found = torch.unique(torch.cat((found, _draw(missing, size, generator))))
        missing = count - torch.bincount(found // size, minlength=groups)
    return found


def _draw(numbers: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """``numbers[g]`` places of group ``g``, any of its ``size`` places each time."""
    starts = (torch.arange(len(numbers)) * size).repeat_interleave(numbers)
    return starts + torch.randint(size, starts.shape, generator=generator)
