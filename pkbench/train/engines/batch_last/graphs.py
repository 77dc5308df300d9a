"""Recording what a GPU is asked to do, once, and asking for all of it at once from then on: CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Arguments = tuple[Tensor | None, ...]
Function = Callable[..., tuple[Tensor, ...]]

_WARM_UP = 2
"""Calls before one is recorded: libraries load their kernels, and choose among them, when they are first called."""


class Pool:
    """Memory that recordings work in, one after another, none of which leaves anything there for a later one."""

    def __init__(self) -> None:
        self._handle: Any = None

    def handle(self) -> Any:
        """What names it to CUDA."""
        if self._handle is None:
            self._handle = torch.cuda.graph_pool_handle()
        return self._handle


class Recorded:
    """Calls of one function, recorded on a GPU for each shape of their arguments and then replayed.

    A step of a small model is hundreds of operations of some microseconds, and asking for one takes about as long. The function
    has to do the same for all numbers, on the device alone. Elsewhere it is called as it is.
    """

    def __init__(self, device: torch.device, pool: Pool) -> None:
        self._device = device
        self._pool = pool
        self._calls: dict[object, int] = {}
        self._recordings: dict[object, _Recording] = {}

    def __call__(self, function: Function, *arguments: Tensor | None) -> tuple[Tensor, ...]:
        """The results of ``function``, the same one each time, in memory of their own.

        It is not kept: what it belongs to may own this object.
        """
        if self._device.type != "cuda":
            return function(*arguments)
        key = tuple(None if argument is None else (argument.shape, argument.dtype) for argument in arguments)
        if key not in self._recordings:
            calls = self._calls[key] = self._calls.get(key, 0) + 1
            if calls <= _WARM_UP:
                return function(*arguments)
            self._recordings[key] = _Recording(function, arguments, self._device, self._pool)
        return self._recordings[key].replay(arguments)


class _Recording:
    def __init__(self, function: Function, arguments: Arguments, device: torch.device, pool: Pool) -> None:
        self._arguments = tuple(None if argument is None else argument.clone() for argument in arguments)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(device):
            torch.cuda.synchronize()
            # Other threads, which make batches, may go on using the device meanwhile.
            with torch.cuda.graph(self._graph, pool=pool.handle(), capture_error_mode="thread_local"):
                self._results = function(*self._arguments)

    def replay(self, arguments: Arguments) -> tuple[Tensor, ...]:
        for mine, given in zip(self._arguments, arguments, strict=True):
            if mine is not None and given is not None:
                mine.copy_(given)
        self._graph.replay()
        return tuple(result.clone() for result in self._results)
