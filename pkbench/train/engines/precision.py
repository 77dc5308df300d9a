"""The arithmetic of a run's matrix products, as its recipe has it and whatever the process had before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from pkbench.native.library import UnavailableError
from pkbench.spec.train import Precision

_FIRST_WITH_TF32 = (8, 0)


def check_arithmetic(precision: Precision, device: torch.device) -> None:
    """Accept ``precision`` on ``device``.

    Raises:
        UnavailableError: the device has no tf32, and would silently compute in fp32.
    """
    if precision == "tf32" and not has_tf32(device):
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        raise UnavailableError(f"{name} has no tf32, which is for CUDA GPUs from compute capability 8.0")


def has_tf32(device: torch.device) -> bool:
    """Whether products of float32 matrices can be computed in tf32 there."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= _FIRST_WITH_TF32


def rounded(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """While open, a forward pass has its products in bfloat16, where that is the precision: the backward pass follows by itself."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@contextmanager
def float32_products(precision: Precision, device: torch.device) -> Iterator[None]:
    """While open, products of float32 matrices on a CUDA GPU, forward and backward, are in tf32 or exact: never the process's choice.

    The switch is the process's own: while it is open, no other thread may compute products that are not to be rounded.
    """
    if device.type != "cuda":
        yield
        return
    backend = torch.backends.cuda.matmul
    before = backend.fp32_precision
    backend.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield
    finally:
        backend.fp32_precision = before
