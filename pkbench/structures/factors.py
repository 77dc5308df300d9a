"""Primitive matrices that the factors of a structured matrix are chosen from.

Features are numbered as in ``vec``: the groups of a matrix are runs of consecutive features.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass


class Factor(ABC):
    """A primitive matrix of ``n_out x n_in``: what is stored, and where its non-zeros are."""

    __slots__ = ()

    @property
    @abstractmethod
    def n_in(self) -> int:
        """Features it reads."""

    @property
    @abstractmethod
    def n_out(self) -> int:
        """Features it gives."""

    @property
    @abstractmethod
    def weight_shape(self) -> tuple[int, ...] | None:
        """Shape of its one parameter; ``None`` for a fixed matrix."""

    @property
    @abstractmethod
    def fan_in(self) -> int:
        """Features that one of its outputs depends on: non-zeros of a row."""

    @property
    def parameters(self) -> int:
        """Numbers stored."""
        return 0 if self.weight_shape is None else math.prod(self.weight_shape)

    @property
    def connections(self) -> int:
        """Trained non-zeros: a weight in n places is n connections. A fixed matrix has none."""
        return 0 if self.weight_shape is None else self.n_out * self.fan_in

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one product with a vector, as the models compute it: one for each connection."""
        return self.connections

    @property
    def kept(self) -> int:
        """Numbers that its backward pass needs of one sample: what it multiplies with its weights."""
        return 0 if self.weight_shape is None else self.n_in


@dataclass(frozen=True, slots=True)
class Blocks(Factor):
    """``diag(B_1, ..., B_groups)``, each block of ``rows x columns`` with its own weights; dense with one group."""

    groups: int
    rows: int
    columns: int

    @property
    def n_in(self) -> int:
        """``groups * columns``."""
        return self.groups * self.columns

    @property
    def n_out(self) -> int:
        """``groups * rows``."""
        return self.groups * self.rows

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """``(groups, rows, columns)``."""
        return self.groups, self.rows, self.columns

    @property
    def fan_in(self) -> int:
        """``columns``."""
        return self.columns


@dataclass(frozen=True, slots=True)
class Shared(Factor):
    """``I_groups (x) W``: the same ``W`` of ``rows x columns`` in every block (eq. 7)."""

    groups: int
    rows: int
    columns: int

    @property
    def n_in(self) -> int:
        """``groups * columns``."""
        return self.groups * self.columns

    @property
    def n_out(self) -> int:
        """``groups * rows``."""
        return self.groups * self.rows

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """``(rows, columns)``."""
        return self.rows, self.columns

    @property
    def fan_in(self) -> int:
        """``columns``."""
        return self.columns


@dataclass(frozen=True, slots=True)
class Commute(Factor):
    """The commutation matrix of Def. 3.1: ``J vec(X) = vec(X^T)`` for ``X`` of ``rows x columns``."""

    rows: int
    columns: int

    @property
    def n_in(self) -> int:
        """``rows * columns``."""
        return self.rows * self.columns

    @property
    def n_out(self) -> int:
        """``rows * columns``."""
        return self.rows * self.columns

    @property
    def weight_shape(self) -> None:
        """It is fixed."""
        return

    @property
    def fan_in(self) -> int:
        """1: it is a permutation."""
        return 1


@dataclass(frozen=True, slots=True)
class Toeplitz(Factor):
    """A grid of ``rows x columns`` banded Toeplitz matrices of ``size x size`` that wrap around (circulants).

    Entry ``(i, j)`` of the matrix at place ``(a, b)`` of the grid is ``w[a, b, t]`` where ``j = i + t - taps // 2``
    modulo ``size``, and 0 where no tap ``0 <= t < taps`` fits: it depends on ``i - j`` alone. Wrapping gives all rows the
    same number of connections; the grid serves sizes that are not square without rows or columns of zeros.

    Raises:
        ValueError: there are no taps, or more than a row has entries.
    """

    size: int
    rows: int
    columns: int
    taps: int

    def __post_init__(self) -> None:
        if not 1 <= self.taps <= self.size:
            raise ValueError(f"a band of 1 to {self.size} taps is needed, not {self.taps}")

    @property
    def n_in(self) -> int:
        """``columns * size``."""
        return self.columns * self.size

    @property
    def n_out(self) -> int:
        """``rows * size``."""
        return self.rows * self.size

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """``(rows, columns, taps)``."""
        return self.rows, self.columns, self.taps

    @property
    def fan_in(self) -> int:
        """``columns * taps``."""
        return self.columns * self.taps

    @property
    def window(self) -> int:
        """Consecutive features that ``taps`` consecutive rows read together."""
        return 2 * self.taps - 1

    @property
    def chunks(self) -> int:
        """Runs of ``taps`` rows; the last may be shorter."""
        return -(-self.size // self.taps)

    @property
    def multiply_adds(self) -> int:
        """Runs of ``taps`` rows times a dense ``taps x window`` band: about two for each connection."""
        return self.rows * self.columns * self.chunks * self.taps * self.window

    @property
    def kept(self) -> int:
        """The windows of all runs of rows, which overlap: about twice the input."""
        return self.columns * self.chunks * self.window
