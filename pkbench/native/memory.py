"""Memory for what the C part reads from all over: in large pages where the system has them."""

from __future__ import annotations

import mmap
from contextlib import suppress

import torch
from torch import Tensor

_LEAST_BYTES = 2**22
"""Below this a page of two megabytes saves nothing."""


def numbers(count: int) -> Tensor:
    """``count`` float32 numbers of any value.

    A permutation reads rows from all over a block's features: with pages of 4 KB a processor keeps too few of their places.
    """
    return _new(count, torch.float32)


def in_large_pages(images: Tensor) -> Tensor:
    """A copy of ``images``, uint8 on a CPU, in the order of their dimensions: a batch's come from all over a data set."""
    return _new(images.numel(), torch.uint8).view(images.shape).copy_(images)


def _new(count: int, dtype: torch.dtype) -> Tensor:
    size = count * dtype.itemsize
    if size < _LEAST_BYTES or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty(count, dtype=dtype)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory has small pages only
    with suppress(OSError):  # a system without large pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=dtype)
