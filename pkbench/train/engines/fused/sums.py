"""Gradients of biases and norms: sums over images and groups, whose parts kernels leave and one kernel adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from pkbench.train.engines.fused import kernels

_CHUNK = 256


class Vector(NamedTuple):
    """A parameter's ``entries``, each of whose gradients is the sum of ``parts`` numbers that lie one after another."""

    name: str
    entries: int
    parts: int


class Sums:
    """Room for the parts of ``vectors`` of ``runs`` runs, and where they are."""

    def __init__(self, vectors: Iterable[Vector], runs: int, device: torch.device) -> None:
        self._vectors = tuple(vectors)
        self._runs, self._device = runs, device
        start, per_run, count = [], [], []
        self._begins: list[int] = []
        begin = 0
        for vector in self._vectors:
            self._begins.append(begin)
            start.append(begin + torch.arange(vector.entries) * vector.parts)
            per_run.append(torch.full((vector.entries,), vector.entries * vector.parts))
            count.append(torch.full((vector.entries,), vector.parts))
            begin += runs * vector.entries * vector.parts
        self._size = begin
        self._start, self._per_run, self._count = (torch.cat(each).to(device) for each in (start, per_run, count))

    def room(self) -> dict[str, Tensor]:
        """Memory for the parts, by the vectors' names: for each run, entry by entry."""
        room = torch.empty(self._size, device=self._device)
        return {vector.name: room[begin:] for vector, begin in zip(self._vectors, self._begins, strict=True)}

    def added(self, room: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The gradients (K, entries) by name, from what kernels left in ``room``."""
        entries = len(self._start)
        out = torch.empty(self._runs, entries, device=self._device)
        whole = room[self._vectors[0].name]
        kernels.add_up[entries, self._runs](
            *(whole, self._start, self._per_run, self._count, out, entries), CHUNK=_CHUNK, num_warps=2
        )
        parts = torch.split(out, [vector.entries for vector in self._vectors], dim=1)
        return {vector.name: part for vector, part in zip(self._vectors, parts, strict=True)}
