"""Matrices of low rank."""

from __future__ import annotations

from pkbench.structures.base import Slot
from pkbench.structures.factors import Blocks, Factor


def low_rank(slot: Slot) -> tuple[Factor, ...]:
    """``U V`` with ``V`` of ``r x n_in`` and ``U`` of ``n_out x r``, both dense (Denil et al. 2013).

    Connections: ``r * (n_in + n_out)``, so fewer than ``n_in + n_out`` below the wanted. Rank 1 is the least: more than
    wanted if ``n_in + n_out`` are.
    """
    rank = max(1, slot.connections // (slot.n_in + slot.n_out))
    return Blocks(1, rank, slot.n_in), Blocks(1, slot.n_out, rank)
