"""Monarch matrices (Dao et al. 2022) of rectangular shape."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from pkbench.structures.base import Slot, divisors
from pkbench.structures.factors import Blocks, Commute, Factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLOSE = 0.01
"""Relative shortfall of connections that is accepted for a wider hidden vector or better balanced factors."""


@functools.cache
def monarch(slot: Slot) -> tuple[Factor, ...]:
    """``P2 L P1 R``, the rectangular form of eq. 12: block-diagonal factors with a commutation after each.

    ``R`` has ``k`` blocks of ``q x p``, ``L`` has ``l`` blocks of ``s x r``, and ``k p = n_in``, ``k q = l r = h``,
    ``l s = n_out``. The connections are ``h * (p + s)``. Of all ``k``, ``l`` and ``h <= min(n_in, n_out)`` that do not
    exceed the wanted connections, those within 1 % of the most remain; of these the one with the largest ``h`` (which
    bounds the rank), then with the most equal ``p`` and ``s``, then with the most connections. Diagonal factors (``p = 1``
    or ``s = 1``), which mix nothing, are taken only where nothing else fits.

    Connections: within 1 % of the most achievable. None are achievable below ``n_in + n_out``; where nothing fits, the
    smallest Monarch matrix is taken and exceeds the wanted.
    """
    import numpy as np

    k, l, h = _candidates(slot)  # noqa: E741 - the source's letter
    p, s = slot.n_in // k, slot.n_out // l
    connections = h * (p + s)
    fits = connections <= slot.connections
    if not fits.any():
        best = np.lexsort((h, l, k, connections))[0]
        return _factors(slot, int(k[best]), int(l[best]), int(h[best]))
    mixes = fits & (p > 1) & (s > 1)
    pool = mixes if mixes.any() else fits
    pool &= connections >= (1 - CLOSE) * connections[pool].max()
    # What is better is larger, and counts the more the later it stands; k and l only make the choice unique.
    best = np.lexsort((l, k, connections, np.minimum(p, s) / np.maximum(p, s), h, pool))[-1]
    return _factors(slot, int(k[best]), int(l[best]), int(h[best]))


def _candidates(slot: Slot) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """``k``, ``l`` and ``h``: each pair of block counts with its largest ``h`` that fits, or with its smallest if none does."""
    import numpy as np

    k, l = (grid.ravel() for grid in np.meshgrid(divisors(slot.n_in), divisors(slot.n_out), indexing="ij"))  # noqa: E741
    step, shortest = np.lcm(k, l), min(slot.n_in, slot.n_out)
    most = np.minimum(shortest, slot.connections // (slot.n_in // k + slot.n_out // l))
    there = step <= shortest
    return k[there], l[there], np.maximum(step, most // step * step)[there]


def _factors(slot: Slot, k: int, l: int, h: int) -> tuple[Factor, ...]:  # noqa: E741
    p, q, r, s = slot.n_in // k, h // k, h // l, slot.n_out // l
    return Blocks(k, q, p), Commute(l, r), Blocks(l, s, r), Commute(s, l)
