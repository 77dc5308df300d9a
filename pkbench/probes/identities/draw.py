"""The random numbers of one case, in float64, from a stream of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from pkbench.models.permutation import Shuffle
from pkbench.seeding import stream_seed


class Draw:
    """Sizes, matrices and permutations of one random case; sizes are uniform on 1 to ``largest``."""

    def __init__(self, seed: int, largest: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.largest = largest

    def size(self) -> int:
        """A size, uniform on 1 to ``largest``."""
        return self.whole(self.largest)

    def whole(self, largest: int) -> int:
        """A whole number, uniform on 1 to ``largest``."""
        return int(torch.randint(1, largest + 1, (), generator=self.generator))

    def uniform(self, low: float, high: float) -> float:
        """A number, uniform on ``[low, high)``."""
        return low + (high - low) * float(torch.rand((), generator=self.generator, dtype=torch.float64))

    def log_uniform(self, low: float, high: float) -> float:
        """A number whose logarithm is uniform."""
        return math.exp(self.uniform(math.log(low), math.log(high)))

    def normal(self, *shape: int) -> Tensor:
        """Independent N(0, 1) entries."""
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)

    def signs(self, *shape: int) -> Tensor:
        """Independent entries of +1 and -1."""
        return 2.0 * torch.randint(0, 2, shape, generator=self.generator).double() - 1.0

    def permutation(self, size: int) -> Shuffle:
        """A uniformly random permutation of ``size`` features."""
        return Shuffle(torch.randperm(size, generator=self.generator))


def draws(check: str, seed: int, count: int, largest: int) -> Iterator[Draw]:
    """``count`` cases for the check of that name; each has its own stream, so none depends on another."""
    for i in range(count):
        yield Draw(stream_seed("theory", check, seed, i), largest)
