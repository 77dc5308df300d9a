"""Telling that memory ran out: libraries say it in several ways."""

from __future__ import annotations

import torch

_WORDS = (
    "can't allocate memory",  # PyTorch's allocator on a CPU
    "not enough memory",
    "cannot allocate memory",  # the system's own words
    "bad_alloc",  # the C++ library's
    "out of memory",  # what CUDA's libraries say where PyTorch has no error of its own
    "status_alloc_failed",  # cuBLAS, cuDNN
    "could not create a primitive",  # oneDNN, where it has no room for its buffers
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory, of the device or of the machine, did not suffice."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).casefold()
    return isinstance(error, RuntimeError | OSError) and any(words in text for words in _WORDS)
