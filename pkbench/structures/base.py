"""The slot a structured matrix stands in, what a structure is, and what follows from its factors.

A structure is a function from a :class:`Slot` to factors: the matrix is their product. ``factors[0]`` acts on the
input first, so it is the rightmost matrix of the product.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from pkbench.structures.factors import Factor, Shared

MAX_FEATURES = 10_000_000
"""Features that a structured matrix reads or gives at most: its block counts are searched among their divisors."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One linear map of a mixing block: its size, its natural groups, and the connections it may have.

    A Mixer has ``groups`` equal blocks there: ``C`` in token mixing, ``S`` in channel mixing.

    Raises:
        ValueError: a size is not positive, there are more than :data:`MAX_FEATURES`, or the groups divide ``n_in`` or
            ``n_out`` with a rest.
    """

    n_in: int
    n_out: int
    groups: int
    connections: int

    def __post_init__(self) -> None:
        if min(self.n_in, self.n_out, self.groups, self.connections) < 1:
            raise ValueError(f"sizes must be positive: {self}")
        if max(self.n_in, self.n_out) > MAX_FEATURES:
            raise ValueError(f"a layer of {max(self.n_in, self.n_out):,} features")
        if self.n_in % self.groups or self.n_out % self.groups:
            raise ValueError(f"the groups must divide both sizes: {self}")

    @classmethod
    def of_mixer(cls, groups: int, rows: int, columns: int) -> Slot:
        """The slot of ``I_groups (x) W`` with ``W`` of ``rows x columns``, and just as many connections."""
        return cls(groups * columns, groups * rows, groups, groups * rows * columns)


Structure = Callable[[Slot], tuple[Factor, ...]]
"""The factors of one structured matrix for a slot: ``n_in`` to ``n_out`` features, no more connections than wanted.

Its docstring gives the formula, the source, how far below the wanted connections it may end, and when it has to exceed
them because its smallest matrix has more.
"""


def connections(factors: tuple[Factor, ...]) -> int:
    """Connections of all factors: what is stored and multiplied. Their product, as one matrix, may be denser."""
    return sum(factor.connections for factor in factors)


def nonzero_fraction(factors: tuple[Factor, ...]) -> float:
    """Connections of all factors for each entry of a dense matrix of the same size: ``p`` of a structured matrix.

    For one factor it is the fraction of non-zero entries. For several it can be above 1 when the sizes are tiny.
    """
    return connections(factors) / (factors[0].n_in * factors[-1].n_out)


def bias_size(factors: tuple[Factor, ...]) -> int:
    """Entries of the bias: one an output feature, but shared by the groups as the weights are after :class:`Shared`."""
    last = factors[-1]
    return last.rows if isinstance(last, Shared) else last.n_out


@functools.cache
def divisors(n: int) -> tuple[int, ...]:
    """All divisors of ``n``, ascending."""
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return (*small, *(n // d for d in reversed(small) if d * d != n))


def block_count(slot: Slot) -> int:
    """The fewest equal diagonal blocks whose connections ``n_in * n_out / count`` do not exceed those of ``slot``.

    For the connections that a Mixer has there it is the slot's ``groups``. Where even the most blocks that divide both
    sizes have more connections than wanted, it is these.
    """
    counts = divisors(math.gcd(slot.n_in, slot.n_out))
    return next((b for b in counts if slot.n_in * slot.n_out <= slot.connections * b), counts[-1])
