"""What stacks depend on here: the device and its memory."""

from __future__ import annotations

from collections.abc import Iterable

from pkbench.plan.stack import Stacking
from pkbench.spec.claim import AnyClaim


def stacking_here(engine: str, device: str, wanted: int | None, jobs: int, claims: Iterable[AnyClaim]) -> Stacking:
    """How runs may be stacked on a torch ``device`` by ``jobs`` workers.

    Claims about the time of an epoch want runs that are trained alone: unless stacks are asked for, there are none.
    """
    kind = device.partition(":")[0]
    if wanted is None and any(claim.metric == "log_epoch_seconds" for claim in claims):
        wanted = 1
    return Stacking(engine, kind, wanted, 0 if wanted == 1 else free_memory(device), jobs)


def free_memory(device: str) -> int:
    """Bytes that are free on a torch ``device``."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(torch.device(device))[0]
    import psutil

    return psutil.virtual_memory().available
