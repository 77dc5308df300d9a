"""How much memory a step takes: what it allocates at its peak, and how far the process grows."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch

MemoryKind = Literal["device peak", "step peak"]


class DevicePeak:
    """The most memory a training takes on its device, counted from when this was made, before the training was built.

    On CUDA, ``device peak``: everything allocated then, parameters and the optimizer's state included. Elsewhere, where
    PyTorch keeps no such count, ``step peak``: what one step allocates at its highest, as PyTorch's profiler lists it, and what
    the training holds to work in; gradients are in it, parameters and moments are not.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.kind: MemoryKind = "device peak" if device.type == "cuda" else "step peak"
        self._before = torch.cuda.memory_allocated(device) if device.type == "cuda" else 0

    def bytes(self, step: Callable[[], None], held: int = 0) -> int:
        """The peak, in a ``step`` done for it; ``held`` bytes were there to work in before it."""
        if self.kind == "device peak":
            torch.cuda.reset_peak_memory_stats(self._device)
            step()
            torch.cuda.synchronize(self._device)
            return torch.cuda.max_memory_allocated(self._device) - self._before
        return _profiled_peak(step) + held


def _profiled_peak(step: Callable[[], None]) -> int:
    """Most bytes that ``step`` holds on the CPU at once of what it allocates itself."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profiler:
        step()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


class RssGrowth:
    """How far the process's resident memory rises above where it stood when this was made, at its highest.

    What the process holds without using is given back to the system first, so that a variant is not given what an earlier
    one left. Linux alone.
    """

    def __init__(self) -> None:
        gc.collect()
        give_back()
        self._before = _status("VmRSS")
        self._can = self._before is not None and _reset_peak()

    def bytes(self) -> int | None:
        """The growth, or ``None`` where the system does not tell."""
        peak = _status("VmHWM")
        if not self._can or peak is None or self._before is None:
            return None
        return max(0, peak - self._before)


def _status(name: str) -> int | None:
    """A line of the process's own status, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return None


def _reset_peak() -> bool:
    """Begin the highest resident memory anew from now."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def give_back() -> None:
    """Give the system what the C library keeps of freed memory, where it can."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
