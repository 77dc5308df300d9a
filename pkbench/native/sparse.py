"""Products with sparse matrices on a CPU in float32, in C; see ``sparse.c``.

A matrix is given by its CSR arrays: ``crow`` (rows + 1,) and ``col`` (nnz,), int32. Features come first: ``(features, B)``.
Rows are shared out among torch's threads; each is summed in the same order whoever does it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import torch
from torch import Tensor

from pkbench.native.library import UnavailableError, library


def usable(*tensors: Tensor) -> bool:
    """Whether these tensors can be worked on here: float32 on a CPU, and there is a C part."""
    if any(tensor.dtype != torch.float32 or tensor.device.type != "cpu" for tensor in tensors):
        return False
    try:
        library()
    except UnavailableError:
        return False
    return True


def product(crow: Tensor, col: Tensor, values: Tensor, x: Tensor, order: Tensor | None = None) -> Tensor:
    """``A x``, ``(columns, B) -> (rows, B)``; connection k has the value ``values[k]``, or ``values[order[k]]`` (int32)."""
    x = x.contiguous()
    y = torch.empty(len(crow) - 1, x.shape[1])
    arrays = (crow.data_ptr(), col.data_ptr(), None if order is None else order.data_ptr(), values.data_ptr())

    def part(begin: int, end: int) -> None:
        library().pk_sparse_product(begin, end, x.shape[1], *arrays, x.data_ptr(), y.data_ptr())

    _share_out(part, len(y), x.shape[1] * len(col))
    return y


def gradient(crow: Tensor, col: Tensor, dY: Tensor, x: Tensor) -> Tensor:
    """The gradient in each connection's value, (nnz,), of ``A x`` given that in its result: ``dY`` (rows, B), ``x`` (columns, B)."""
    dY, x = dY.contiguous(), x.contiguous()
    found = torch.empty(len(col))

    def part(begin: int, end: int) -> None:
        library().pk_sparse_gradient(
            *(begin, end, x.shape[1], crow.data_ptr(), col.data_ptr()), dY.data_ptr(), x.data_ptr(), found.data_ptr()
        )

    _share_out(part, len(dY), x.shape[1] * len(col))
    return found


_WORTH_A_THREAD = 1_000_000
"""Products of two numbers below which starting a thread costs more than it does."""


def _share_out(part: Callable[[int, int], None], rows: int, work: int) -> None:
    """Call ``part`` for equal shares of ``rows``, in as many threads as torch has."""
    threads = min(torch.get_num_threads(), rows, max(1, work // _WORTH_A_THREAD))
    ends = [rows * (number + 1) // threads for number in range(threads)]
    if threads == 1:
        part(0, rows)
        return
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(part, begin, end) for begin, end in pairwise(ends)]
        part(0, ends[0])
        for other in others:
            other.result()
