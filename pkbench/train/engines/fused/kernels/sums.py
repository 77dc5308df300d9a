"""Adding up what other kernels left."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def add_up(sums, start, per_run, count, places, out, parameters, CHUNK: tl.constexpr):
    """Number ``places[q]`` of run k of ``out`` (K, parameters): ``count[q]`` numbers of ``sums``, from ``start[q] + k * per_run[q]`` on."""
    q, run = tl.program_id(0), tl.program_id(1)
    first = tl.load(start + q) + run * tl.load(per_run + q)
    numbers = tl.load(count + q)
    total = tl.zeros((CHUNK,), tl.float32)
    for at in range(0, numbers, CHUNK):
        place = at + tl.arange(0, CHUNK)
        total += tl.load(sums + first + place, mask=place < numbers, other=0.0)
    tl.store(out + run.to(tl.int64) * parameters + tl.load(places + q), tl.sum(total, 0))
