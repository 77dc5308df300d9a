"""Weights that depend on the distance of two features."""

from __future__ import annotations

import math

from pkbench.structures.base import Slot
from pkbench.structures.factors import Factor, Toeplitz


def toeplitz(slot: Slot) -> tuple[Factor, ...]:
    """A grid of banded circulant matrices of size ``g = gcd(n_in, n_out)`` (Cheng et al. 2015; Ding et al. 2017).

    It is a one-dimensional convolution along ``vec``, around its end, with ``n_in / g`` input and ``n_out / g`` output
    channels; the band is the window. Square slots have one Toeplitz matrix.

    Connections: ``n_in * n_out / g`` for each tap, so fewer than that below the wanted; at least one tap, so more than
    wanted if one tap has more. In a Mixer's slot the match is exact, with as many taps as the greatest common divisor of
    the block's two sizes: a single one where these have none.
    """
    size = math.gcd(slot.n_in, slot.n_out)
    one_tap = slot.n_in * slot.n_out // size
    taps = min(size, max(1, slot.connections // one_tap))
    return (Toeplitz(size, slot.n_out // size, slot.n_in // size, taps),)
