"""What lies between the two products of a block, where both are a library's."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

from pkbench.train.engines.fused.kernels.phi import phi, slope


@triton.jit
def _piece(z, bias, enter, sizes, ROWS: tl.constexpr, IMAGES: tl.constexpr):
    """Of a program's rows of ``z``: what is in phi, where they are and where in the second product's operand they go, and what of them is there.

    ``sizes`` are the rows of ``z`` and of the operand, groups, B and ``stride``.
    """
    rows_per_run, value_rows, groups, B, stride = sizes
    run = tl.program_id(2).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    b = tl.program_id(1) * IMAGES + tl.arange(0, IMAGES)
    in_row = row < rows_per_run
    inside = in_row[:, None] & (b < B)[None, :]
    here = (run * rows_per_run + row)[:, None] * B + b[None, :]
    found = tl.load(z + here, mask=inside, other=0.0).to(tl.float32)
    if bias is not None:
        found += tl.load(bias + run * stride + row // groups, mask=in_row, other=0.0)[:, None]
    target = row
    if enter is not None:
        target = tl.load(enter + run * rows_per_run + row, mask=in_row, other=0)
    there = (run * value_rows + target)[:, None] * B + b[None, :]
    return found, here, there, inside


@triton.jit
def activate(
    z, bias, enter, value, rows_per_run, value_rows, groups, B, stride,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """phi(z + bias), each row where the next operand has it; a program is some rows of a run."""
    sizes = (rows_per_run, value_rows, groups, B, stride)
    found, _, there, inside = _piece(z, bias, enter, sizes, ROWS, IMAGES)
    tl.store(value + there, phi(found, PHI).to(value.dtype.element_ty), mask=inside)


@triton.jit
def activate_backward(
    d_value, z, bias, enter, dz, d_bias, rows_per_run, value_rows, groups, B, stride,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """Backward of :func:`activate`; a program is the same rows, whose sums it leaves in ``d_bias`` (K, rows, pieces of the batch)."""
    sizes = (rows_per_run, value_rows, groups, B, stride)
    found, here, there, inside = _piece(z, bias, enter, sizes, ROWS, IMAGES)
    grad = tl.load(d_value + there, mask=inside, other=0.0).to(tl.float32) * slope(found, PHI)
    tl.store(dz + here, grad.to(dz.dtype.element_ty), mask=inside)
    if d_bias is not None:
        row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
        first = tl.program_id(2).to(tl.int64) * rows_per_run
        piece = (first + row) * tl.num_programs(1) + tl.program_id(1)
        tl.store(d_bias + piece, tl.sum(grad, 1), mask=row < rows_per_run)
