"""Gradients of biases and norms: sums over images and groups, whose parts kernels leave and one kernel adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels import sums as kernels

_CHUNK = 256


class Vector(NamedTuple):
    """A parameter's ``entries``, each of whose gradients is the sum of ``parts`` numbers that lie one after another."""

    name: str
    entries: int
    parts: int


class Sums:
    """Room for the parts of ``vectors`` of ``runs`` runs, and where they are; ``offsets`` say where each begins among all parameters."""

    def __init__(self, vectors: Iterable[Vector], offsets: Mapping[str, int], runs: int, device: torch.device) -> None:
        self._vectors = tuple(vectors)
        self._runs, self._device = runs, device
        start, per_run, count, places = [], [], [], []
        self._begins: list[int] = []
        begin = 0
        for vector in self._vectors:
            self._begins.append(begin)
            start.append(begin + torch.arange(vector.entries) * vector.parts)
            per_run.append(torch.full((vector.entries,), vector.entries * vector.parts))
            count.append(torch.full((vector.entries,), vector.parts))
            places.append(offsets[vector.name] + torch.arange(vector.entries))
            begin += runs * vector.entries * vector.parts
        self._size = begin
        self._about = tuple(torch.cat(each).to(device) for each in (start, per_run, count, places))

    def room(self) -> dict[str, Tensor]:
        """Memory for the parts, by the vectors' names: for each run, entry by entry."""
        room = torch.empty(self._size, device=self._device)
        return {vector.name: room[begin:] for vector, begin in zip(self._vectors, self._begins, strict=True)}

    def add_up(self, room: Mapping[str, Tensor], out: Tensor) -> None:
        """Write the gradients into those of all parameters, ``out`` (K, parameters), from what kernels left in ``room``."""
        whole = room[self._vectors[0].name]
        grid = len(self._about[0]), self._runs
        kernels.add_up[grid](whole, *self._about, out, out.shape[1], CHUNK=_CHUNK, num_warps=2, **ROUNDING)
