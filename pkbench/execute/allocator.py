"""The C library's allocator, told to keep the memory of a training step for the next one."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of the settings in <malloc.h>."""
_KEPT = 1 << 30
"""Bytes that stay at the heap's end …"""
_LARGEST = 32 << 20
"""… and of the largest block that is taken from it: glibc allows no more."""
_OWN_WAYS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> None:
    """Keep freed memory in this process; nothing happens without glibc, or where the environment says its own.

    PyTorch frees a step's tensors at its end and asks for them again in the next. glibc gives blocks of some megabytes back to
    the system in between, and each page of them has to be found and cleared anew: 30,000 pages and an eighth of the time
    of a step of a Mixer of 64 x 64 in PyTorch.
    """
    if sys.platform != "linux" or any(name in os.environ for name in _OWN_WAYS):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, _KEPT)
