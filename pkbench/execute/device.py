"""Which device and how many runs at once, without importing torch where it can be avoided."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pkbench.errors import UsageError
from pkbench.spec.train import Train


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


def likely_device(requested: str) -> str:
    """The device that :func:`resolve_device` most likely gives, told without torch: for forecasts."""
    if requested != "auto":
        return requested
    return "cuda" if sys.platform == "linux" and Path("/dev/nvidiactl").exists() else "cpu"


def batches_ahead(train: Train, device: str, jobs: int) -> int:
    """Batches that a run makes ahead of its steps, in a thread: 2 where that is faster, else 0.

    It is where making them costs something and a core would be idle otherwise: with all cores at work, the thread only takes
    turns with the steps. On a GPU they are made there, in a queue beside that of the steps, which costs a core little.
    """
    augment = train.augment
    costly = augment.policy != "none" or augment.resized_crop is not None or augment.erasing is not None
    idle = available_cores() - jobs * train.cpu_threads
    kind = device.partition(":")[0]
    return 2 if costly and (kind == "cuda" or (kind == "cpu" and idle > 0)) else 0


def resolve_jobs(requested: int | None, device: str, cpu_threads: int, runs: int) -> int:
    """Runs at once: what was asked for, else one on an accelerator and as many as the cores allow on a CPU."""
    if requested is not None:
        return requested
    if device != "cpu":
        return 1
    return max(1, min(available_cores() // cpu_threads, runs))
