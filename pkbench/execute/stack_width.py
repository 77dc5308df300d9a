"""How many runs a stack should have: measured, for a few steps of the real shape, against one run after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch

from pkbench.data.mixing import Mixed, unmixed
from pkbench.models.build import build
from pkbench.plan.run import Run
from pkbench.plan.stack import Group, engine_of, stack_key
from pkbench.train.engines.batch_last.engine import BatchLastEngine
from pkbench.train.engines.choose import image_of, make_engine
from pkbench.train.memory import is_out_of_memory

_WIDTHS = (4, 16, 64)
"""Numbers of runs that are tried, or the whole group where it is smaller."""
_WORTHWHILE = 0.9
"""Largest part of a single run's time at which a stack is chosen: times are noisy, and no stack is never wrong."""
_WARM_UP, _REPEATS = 2, 5


class StackWidths:
    """Widths of stacks, each measured when it is first asked for."""

    def __init__(self, engine: str, device: torch.device) -> None:
        self._engine = engine
        self._device = device
        self._found: dict[str, int] = {}

    def of(self, runs: Group) -> int:
        """Most runs that a stack of such ``runs`` should have; 1 where none is faster than the engine that was asked for."""
        key = stack_key(runs[0])
        if key not in self._found:
            self._found[key] = self._measure(runs)
        return self._found[key]

    def _measure(self, runs: Group) -> int:
        torch.set_num_threads(runs[0].train.cpu_threads)
        best, least = 1, _WORTHWHILE * self._seconds(runs[:1], self._engine)
        for width in sorted({min(width, len(runs)) for width in _WIDTHS}):
            try:
                seconds = (
                    self._seconds(runs[:width], engine_of(runs[0], self._engine, width, self._device.type)) / width
                )
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                break
            if seconds >= least:
                break
            best, least = width, seconds
        return best

    def _seconds(self, runs: Group, name: str) -> float:
        """Median seconds of a step of all ``runs`` on random numbers, by the engine called ``name``."""
        engines = [make_engine(name, run, build(run.model, run.shape, run.seed), self._device) for run in runs]
        batches = [_random_batch(run, self._device) for run in runs]
        rates = [run.lr for run in runs]
        rate = runs[0].train.stochastic_depth
        scale = None if rate is None else torch.ones(len(batches[0].labels), runs[0].shape.layers, device=self._device)
        if len(runs) == 1:
            return self._median(lambda: engines[0].step(batches[0], rates[0], scale))
        stack = BatchLastEngine.share([engine for engine in engines if isinstance(engine, BatchLastEngine)])
        return self._median(lambda: stack.step(batches, rates, None if scale is None else [scale] * len(runs)))

    def _median(self, action: Callable[[], object]) -> float:
        for _ in range(_WARM_UP):
            action()
        return median(self._timed(action) for _ in range(_REPEATS))

    def _timed(self, action: Callable[[], object]) -> float:
        self._synchronize()
        start = time.perf_counter()
        action()
        self._synchronize()
        return time.perf_counter() - start

    def _synchronize(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def _random_batch(run: Run, device: torch.device) -> Mixed:
    source = torch.Generator().manual_seed(run.seed)
    inputs = torch.randn(run.train.batch_size, *image_of(run), generator=source)
    labels = torch.randint(run.data.classes, (run.train.batch_size,), generator=source)
    return unmixed(inputs.to(device), labels.to(device))
