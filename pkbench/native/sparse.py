"""Products with sparse matrices on a CPU in float32, in C; see ``sparse.c``.

A matrix of ``rows`` x ``columns`` is given by its CSR arrays: ``crow`` (rows + 1,) and ``col`` (nnz,), int32. What it is
multiplied with is packed first, and can be kept so for the backward pass. Work is shared out among torch's threads; each
number is summed in the same order whoever does it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise

import torch
from torch import Tensor

from pkbench.native import openmp
from pkbench.native.library import available, library


def usable(*tensors: Tensor) -> bool:
    """Whether these tensors can be worked on here: float32 on a CPU, and there is a C part."""
    if any(tensor.dtype != torch.float32 or tensor.device.type != "cpu" for tensor in tensors):
        return False
    return available()


def pack(x: Tensor) -> Tensor:
    """``x`` (B, features) as ``(units, features, samples of a unit)``, filled up with zeros."""
    x = x.contiguous()
    samples, n = x.shape
    unit = int(library().pk_sparse_unit())
    packed = torch.empty(-(-samples // unit), n, unit)

    def part(begin: int, end: int) -> None:
        library().pk_sparse_pack(begin, end, samples, n, x.data_ptr(), packed.data_ptr())

    _in_threads([(part, share) for share in _shares(len(packed), _threads(x.numel()))])
    return packed


def product(crow: Tensor, col: Tensor, values: Tensor, packed: Tensor, samples: int) -> Tensor:
    """``A x`` for each of ``samples``, ``(B, rows)``; connection k has the value ``values[k]``, ``packed`` is x, packed."""
    units, n, unit = packed.shape
    values = values.contiguous()
    y = torch.empty(samples, len(crow) - 1)
    arrays = (crow.data_ptr(), col.data_ptr(), values.data_ptr(), packed.data_ptr(), y.data_ptr())

    def part(begin: int, end: int, first: int, last: int) -> None:
        library().pk_sparse_product(begin, end, first, last, samples, y.shape[1], n, *arrays)

    # Units first: a thread that has some of them needs no more than their part of x in its cache.
    threads = _threads(units * unit * len(col))
    by_unit = min(threads, units)
    _in_threads(
        [
            (part, (*some_units, *some_rows))
            for some_units in _shares(units, by_unit)
            for some_rows in _shares(y.shape[1], max(1, threads // by_unit))
        ]
    )
    return y


def gradient(crow: Tensor, col: Tensor, packed_dY: Tensor, packed: Tensor) -> Tensor:
    """The gradient in each connection's value, (nnz,), of ``A x``: from that in its result and from x, both packed."""
    units, rows, unit = packed_dY.shape
    found = torch.empty(len(col))
    arrays = (crow.data_ptr(), col.data_ptr(), packed_dY.data_ptr(), packed.data_ptr(), found.data_ptr())

    def part(first: int, last: int) -> None:
        library().pk_sparse_gradient(first, last, units, rows, packed.shape[1], *arrays)

    _in_threads([(part, share) for share in _shares(rows, _threads(units * unit * len(col)))])
    return found


_WORTH_A_THREAD = 1_000_000
"""Products of two numbers below which handing them to a thread costs more than it does."""


def _threads(work: int) -> int:
    return min(torch.get_num_threads(), max(1, work // _WORTH_A_THREAD))


def _shares(count: int, parts: int) -> list[tuple[int, int]]:
    """``0 … count`` in as many nearly equal parts that are not empty, ``parts`` at most."""
    parts = max(1, min(parts, count))
    return list(pairwise(count * number // parts for number in range(parts + 1)))


def _in_threads(calls: list[tuple[Callable[..., None], tuple[int, ...]]]) -> None:
    """All ``calls`` at once: in PyTorch's threads, else the first one here and the others in threads of our own."""
    (here, shares), *others = calls
    if not others:
        here(*shares)
        return
    if openmp.available():
        openmp.at_once([partial(part, *share) for part, share in calls])
        return
    pool = _pool(len(others))
    started = [pool.submit(part, *share) for part, share in others]
    here(*shares)
    for other in started:
        other.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay: starting them takes a good part of a product's time."""
    return ThreadPoolExecutor(threads, thread_name_prefix="sparse")
