"""The structures a spec can name. A new one is a file of its own and a line here."""

from __future__ import annotations

from pkbench.structures.base import Structure
from pkbench.structures.block_diagonal import block_diagonal
from pkbench.structures.kronecker import kronecker
from pkbench.structures.low_rank import low_rank
from pkbench.structures.monarch import monarch
from pkbench.structures.toeplitz import toeplitz

STRUCTURES: dict[str, Structure] = {
    "kronecker": kronecker,
    "block-diagonal": block_diagonal,
    "monarch": monarch,
    "low-rank": low_rank,
    "toeplitz": toeplitz,
}
"""By name; an unknown one is a ``KeyError``."""
