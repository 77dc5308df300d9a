"""The Mixer's own structure."""

from __future__ import annotations

from pkbench.structures.base import Slot, block_count
from pkbench.structures.factors import Factor, Shared


def kronecker(slot: Slot) -> tuple[Factor, ...]:
    """``I_groups (x) W`` (eq. 7), one ``W`` for all groups: with it the model is the Mixer.

    Connections: exactly those of a Mixer. For others the next block count that divides both sizes; more than wanted only
    if ``n_in * n_out / gcd(n_in, n_out)`` are.
    """
    count = block_count(slot)
    return (Shared(count, slot.n_out // count, slot.n_in // count),)
