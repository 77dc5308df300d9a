"""Memory for the C part's features: in large pages where the system has them."""

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
    size = 4 * count
    if size < _LEAST_BYTES or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty(count)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # shared memory has small pages only
    with suppress(OSError):  # a system without large pages
        memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.float32)
