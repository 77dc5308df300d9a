"""Random draws that are the same on every machine and with every NumPy.

They are made of the raw output of PCG64, whose stream NumPy guarantees; those of ``Generator``'s methods may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pkbench.seeding import stream_seed

Item = TypeVar("Item")


class Draws:
    """The stream of random numbers named by ``name``; each call goes on where the last one ended."""

    def __init__(self, *name: str | int) -> None:
        self._source = np.random.PCG64(stream_seed(*name))

    def uniforms(self, count: int) -> NDArray[np.float64]:
        """``count`` numbers uniform in (0, 1), both ends excluded: the middles of 2**52 equal steps."""
        steps = self._source.random_raw(count) >> np.uint64(12)
        return (steps.astype(np.float64) + 0.5) * 2.0**-52

    def uniform(self, low: float, high: float) -> float:
        """One number uniform in (low, high)."""
        return low + (high - low) * float(self.uniforms(1)[0])

    def pick(self, options: Sequence[Item]) -> Item:
        """One of ``options``, each equally likely to within 2**-52."""
        return options[int(self.uniform(0, len(options)))]

    def normals(self, count: int) -> NDArray[np.float64]:
        """``count`` standard normal numbers: the normal distribution's quantiles at uniform ones."""
        values: NDArray[np.float64] = ndtri(self.uniforms(count))
        return values
