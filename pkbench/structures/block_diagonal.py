"""The Mixer without weight sharing."""

from __future__ import annotations

from pkbench.structures.base import Slot, block_count
from pkbench.structures.factors import Blocks, Factor


def block_diagonal(slot: Slot) -> tuple[Factor, ...]:
    """``diag(B_1, ..., B_groups)``: the non-zeros of ``I_groups (x) W``, each one a weight of its own (§3.1).

    Token and channel mixing have different groups, so that two blocks in turn connect all features.
    Connections: as for ``kronecker``.
    """
    count = block_count(slot)
    return (Blocks(count, slot.n_out // count, slot.n_in // count),)
