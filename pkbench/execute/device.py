"""Which device and how many runs at once, without importing torch where it can be avoided."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pkbench.errors import UsageError


def available_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resolve_device(requested: str) -> str:
    """A usable torch device for ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: the device is unknown or not here.
    """
    if requested == "cpu":
        return "cpu"
    if requested == "auto" and sys.platform == "linux" and not Path("/dev/nvidiactl").exists():
        # Without NVIDIA's driver there is nothing to ask torch for, whose import takes seconds.
        return "cpu"
    import torch

    if requested == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(requested)
    except RuntimeError as error:
        raise UsageError(
            f"--device {requested} is no device",
            constraint="auto, cpu, cuda, cuda:N or mps",
            remedy="try --device auto",
        ) from error
    if device.type == "cuda":
        here = (device.index or 0) < torch.cuda.device_count()
    else:
        here = device.type == "mps" and torch.backends.mps.is_available()
    if not here:
        raise UsageError(f"--device {requested} is not available here", remedy="try --device auto or cpu")
    return requested


def resolve_jobs(requested: int | None, device: str, cpu_threads: int, runs: int) -> int:
    """Runs at once: what was asked for, else one on an accelerator and as many as the cores allow on a CPU."""
    if requested is not None:
        return requested
    if device != "cpu":
        return 1
    return max(1, min(available_cores() // cpu_threads, runs))
