"""Monarch matrices (Dao et al. 2022) of rectangular shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

from pkbench.structures.base import Slot, divisors
from pkbench.structures.factors import Blocks, Commute, Factor

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
    candidates = list(_candidates(slot))
    fitting = [c for c in candidates if _connections(slot, *c) <= slot.connections]
    mixing = [c for c in fitting if c[0] < slot.n_in and c[1] < slot.n_out]
    if not fitting:
        return _factors(slot, *min(candidates, key=lambda c: (_connections(slot, *c), c)))
    pool = mixing or fitting
    enough = (1 - CLOSE) * max(_connections(slot, *c) for c in pool)
    return _factors(slot, *max((c for c in pool if _connections(slot, *c) >= enough), key=lambda c: _rank(slot, *c)))


def _candidates(slot: Slot) -> Iterator[tuple[int, int, int]]:
    """``(k, l, h)``, each pair of block counts with its largest ``h`` that fits, or with its smallest if none does."""
    for k in divisors(slot.n_in):
        for l in divisors(slot.n_out):  # noqa: E741 - the source's letter
            step = math.lcm(k, l)
            most = min(slot.n_in, slot.n_out, slot.connections // (slot.n_in // k + slot.n_out // l))
            if step <= min(slot.n_in, slot.n_out):
                yield k, l, max(step, most // step * step)


def _connections(slot: Slot, k: int, l: int, h: int) -> int:  # noqa: E741
    return h * (slot.n_in // k + slot.n_out // l)


def _rank(slot: Slot, k: int, l: int, h: int) -> tuple[float, ...]:  # noqa: E741
    """What is better is larger; the last entries only make the choice unique."""
    p, s = slot.n_in // k, slot.n_out // l
    return h, min(p, s) / max(p, s), _connections(slot, k, l, h), k, l


def _factors(slot: Slot, k: int, l: int, h: int) -> tuple[Factor, ...]:  # noqa: E741
    p, q, r, s = slot.n_in // k, h // k, h // l, slot.n_out // l
    return Blocks(k, q, p), Commute(l, r), Blocks(l, s, r), Commute(s, l)
