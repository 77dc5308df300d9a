"""Stochastic depth (Huang et al. 2016, arXiv 1603.09382): which mixing blocks are skipped for which image."""

from __future__ import annotations

import torch
from torch import Tensor

from pkbench.seeding import stream_seed


class StochasticDepth:
    """Draws what the residual branch of each mixing block is multiplied by while training.

    Mixing block k of n (from 0) is dropped with probability ``rate * k / (n - 1)``: 0 at the first, ``rate`` at the last, as
    Tolstikhin et al. 2021 have it for their mixing MLPs. A branch that is kept is divided by the probability of that, so
    that evaluation, which keeps all, sees the same mean.
    """

    def __init__(self, rate: float, blocks: int, seed: int) -> None:
        self.keep = 1 - torch.linspace(0, rate, blocks)
        self._seed = seed
        self.start(1)

    def start(self, epoch: int) -> None:
        """Begin the random stream of ``epoch`` (from 1)."""
        self._generator = torch.Generator().manual_seed(stream_seed("stochastic depth", self._seed, epoch))

    def draw(self, images: int, device: torch.device) -> Tensor:
        """Factors for the next ``images`` images, float32 (B, mixing blocks): 0 where a block is dropped."""
        kept = torch.rand((images, len(self.keep)), generator=self._generator) < self.keep
        return (kept / self.keep).to(device)

    def state(self) -> Tensor:
        """Where the stream stands."""
        return self._generator.get_state()

    def load_state(self, state: Tensor) -> None:
        """Go on from where a stream stood."""
        self._generator.set_state(state.cpu())
