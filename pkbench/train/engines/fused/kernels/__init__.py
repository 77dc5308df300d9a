"""Kernels written in Triton, by what they belong to.

Features are (K, rows, B) in contiguous memory: K runs, B images. m = S * C are the rows of X, entry (s, c) at ``s * C + c``; rows of
operands and values are (entry, group). Sums are in float32 whatever is stored. ``stride`` is from one run's parameters to the
next one's. An argument that is ``None`` leaves out what it is for.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

ROUNDING: Final = MappingProxyType({"enable_fp_fusion": True})
"""Of every launch: a product and the sum that it goes into are rounded once. What Triton does unasked depends on its version."""
