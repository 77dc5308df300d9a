"""Numbers that change their places and types between what PyTorch has and what products take."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def copy_matrices(flat, places, out, numbers, parameters, ENTRIES: tl.constexpr):
    """Number q of run k of ``out`` (K, numbers) from ``places[q]`` of ``flat`` (K, parameters), in the type of ``out``."""
    run = tl.program_id(1).to(tl.int64)
    q = tl.program_id(0) * ENTRIES + tl.arange(0, ENTRIES)
    inside = q < numbers
    place = tl.load(places + q, mask=inside, other=0)
    value = tl.load(flat + run * parameters + place, mask=inside, other=0.0)
    tl.store(out + run * numbers + q, value.to(out.dtype.element_ty), mask=inside)


@triton.jit
def copy_pixels(inputs, rows, out, pixels, B, rows_per_run, PIXELS: tl.constexpr, IMAGES: tl.constexpr):
    """Pixel p of image b of ``inputs`` (K, B, pixels) to column b of row ``rows[p]`` of ``out`` (K, rows, B), unless that is negative."""
    run = tl.program_id(2).to(tl.int64)
    p = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    b = tl.program_id(1) * IMAGES + tl.arange(0, IMAGES)
    row = tl.load(rows + p, mask=p < pixels, other=-1)
    inside = (row >= 0)[:, None] & (b < B)[None, :]
    value = tl.load(inputs + (run * B + b)[None, :] * pixels + p[:, None], mask=inside, other=0.0)
    there = out + (run * rows_per_run + row)[:, None] * B + b[None, :]
    tl.store(there, value.to(out.dtype.element_ty), mask=inside)
