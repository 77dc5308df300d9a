"""Triton kernels between products.

Features are (K, rows, B) in contiguous memory: K runs, B images. In what follows m = S * C are the rows of X, entry (s, c) at
``s * C + c``; rows of operands and values are (entry, group). Sums are in float32 whatever is stored. ``stride`` is from one
run's parameters to the next one's. An argument that is ``None`` leaves out what it is for.
"""

# Triton compiles the functions below from their text: it, not Python, gives them types.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

ACTIVATIONS = {"linear": 0, "gelu": 1, "relu": 2}


@triton.jit
def _normal(z):
    """The standard normal distribution function and density, to 2e-7.

    By Abramowitz and Stegun 7.1.26 from one exponential: the library's erf alone takes longer than reading and writing z.
    """
    density = tl.exp(-0.5 * z * z)
    t = 1.0 / (1.0 + 0.3275911 * 0.7071067811865476 * tl.abs(z))
    series = 0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    tail = 0.5 * t * series * density
    return tl.where(z >= 0, 1.0 - tail, tail), 0.3989422804014327 * density


@triton.jit
def _phi(z, PHI: tl.constexpr):
    if PHI == 1:
        below, _ = _normal(z)
        return z * below
    if PHI == 2:
        return tl.where(z > 0, z, 0.0)
    return z


@triton.jit
def _slope(z, PHI: tl.constexpr):
    """The derivative of phi."""
    if PHI == 1:
        below, density = _normal(z)
        return below + z * density
    if PHI == 2:
        return tl.where(z > 0, 1.0, 0.0)
    return tl.full(z.shape, 1.0, tl.float32)


@triton.jit
def add_norm(
    x, y, leave, bias, scale, gamma, beta, enter, x_out, mean, inverse, operand,
    S, C, B, groups, operand_rows, stride, eps,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """Add a block's value to X, normalise over channels, and write the rows where the next operand has them.

    A program is one token of one run, (run, s), and some images. Row r of X gets row ``leave[r]`` of ``y``, its phi with its bias,
    times the images' ``scale``, and goes to row ``enter[r]`` of the operand.
    """
    place = tl.program_id(0)
    run = (place // S).to(tl.int64)
    c = tl.arange(0, ROWS)
    b = tl.program_id(1) * IMAGES + tl.arange(0, IMAGES)
    row = (place % S) * C + c
    m = S * C
    in_row, in_batch = c < C, b < B
    inside = in_row[:, None] & in_batch[None, :]
    here = (run * m + row)[:, None] * B + b[None, :]
    source = tl.load(leave + run * m + row, mask=in_row, other=0)
    value = tl.load(y + (run * m + source)[:, None] * B + b[None, :], mask=inside, other=0.0).to(tl.float32)
    if bias is not None:
        value += tl.load(bias + run * stride + source // groups, mask=in_row, other=0.0)[:, None]
    value = _phi(value, PHI)
    if scale is not None:
        value *= tl.load(scale + run * B + b, mask=in_batch, other=0.0)[None, :]
    if x is not None:
        value += tl.load(x + here, mask=inside, other=0.0)
    tl.store(x_out + here, value, mask=inside)
    if gamma is not None:
        value = tl.where(inside, value, 0.0)
        centre = tl.sum(value, 0) / C
        centred = tl.where(inside, value - centre[None, :], 0.0)
        factor = tl.rsqrt(tl.sum(centred * centred, 0) / C + eps)
        tl.store(mean + place.to(tl.int64) * B + b, centre, mask=in_batch)
        tl.store(inverse + place.to(tl.int64) * B + b, factor, mask=in_batch)
        by = tl.load(gamma + run * stride + c, mask=in_row, other=0.0)
        shift = tl.load(beta + run * stride + c, mask=in_row, other=0.0)
        value = centred * factor[None, :] * by[:, None] + shift[:, None]
    target = tl.load(enter + run * m + row, mask=in_row, other=0)
    there = operand + (run * operand_rows + target)[:, None] * B + b[None, :]
    tl.store(there, value.to(operand.dtype.element_ty), mask=inside)


@triton.jit
def add_norm_backward(
    x, mean, inverse, gamma, d_operand, enter, d_skip, y, leave, bias, scale, dx, dy, d_gamma, d_beta, d_bias,
    S, C, B, groups, operand_rows, stride,
    POOLED: tl.constexpr, PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """Backward of :func:`add_norm`; a program is the same piece.

    ``POOLED``: ``d_operand`` is (K, C, B), the same for every token. Every program leaves its sums: in ``d_gamma`` and
    ``d_beta`` (K, C, tokens, pieces of the batch), in ``d_bias`` (K, rows of y, pieces of the batch).
    """
    place = tl.program_id(0)
    run = (place // S).to(tl.int64)
    c = tl.arange(0, ROWS)
    b = tl.program_id(1) * IMAGES + tl.arange(0, IMAGES)
    row = (place % S) * C + c
    m = S * C
    in_row, in_batch = c < C, b < B
    inside = in_row[:, None] & in_batch[None, :]
    here = (run * m + row)[:, None] * B + b[None, :]
    if POOLED:
        source = (run * C + c)[:, None] * B + b[None, :]
    else:
        target = tl.load(enter + run * m + row, mask=in_row, other=0)
        source = (run * operand_rows + target)[:, None] * B + b[None, :]
    grad = tl.load(d_operand + source, mask=inside, other=0.0).to(tl.float32)
    if gamma is not None:
        centre = tl.load(mean + place.to(tl.int64) * B + b, mask=in_batch, other=0.0)
        factor = tl.load(inverse + place.to(tl.int64) * B + b, mask=in_batch, other=0.0)
        value = tl.load(x + here, mask=inside, other=0.0)
        unit = tl.where(inside, (value - centre[None, :]) * factor[None, :], 0.0)
        piece = ((run * C + c) * S + place % S) * tl.num_programs(1) + tl.program_id(1)
        tl.store(d_gamma + piece, tl.sum(grad * unit, 1), mask=in_row)
        tl.store(d_beta + piece, tl.sum(grad, 1), mask=in_row)
        grad *= tl.load(gamma + run * stride + c, mask=in_row, other=0.0)[:, None]
        along = tl.sum(grad * unit, 0) / C
        grad = (grad - tl.sum(grad, 0)[None, :] / C - unit * along[None, :]) * factor[None, :]
    if d_skip is not None:
        grad += tl.load(d_skip + here, mask=inside, other=0.0).to(tl.float32)
    if dx is not None:
        tl.store(dx + here, grad, mask=inside)
    out = tl.load(leave + run * m + row, mask=in_row, other=0)
    there = (run * m + out)[:, None] * B + b[None, :]
    if scale is not None:
        grad *= tl.load(scale + run * B + b, mask=in_batch, other=0.0)[None, :]
    if PHI != 0:
        z = tl.load(y + there, mask=inside, other=0.0).to(tl.float32)
        if bias is not None:
            z += tl.load(bias + run * stride + out // groups, mask=in_row, other=0.0)[:, None]
        grad *= _slope(z, PHI)
    tl.store(dy + there, grad.to(dy.dtype.element_ty), mask=inside)
    if d_bias is not None:
        piece = (run * m + out) * tl.num_programs(1) + tl.program_id(1)
        tl.store(d_bias + piece, tl.sum(tl.where(inside, grad, 0.0), 1), mask=in_row)


@triton.jit
def activate(
    z, bias, enter, value, rows_per_run, value_rows, groups, B, stride,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """phi(z + bias), each row where the next operand has it; a program is some rows of a run."""
    run = tl.program_id(2).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    b = tl.program_id(1) * IMAGES + tl.arange(0, IMAGES)
    in_row = row < rows_per_run
    inside = in_row[:, None] & (b < B)[None, :]
    found = tl.load(z + (run * rows_per_run + row)[:, None] * B + b[None, :], mask=inside, other=0.0).to(tl.float32)
    if bias is not None:
        found += tl.load(bias + run * stride + row // groups, mask=in_row, other=0.0)[:, None]
    target = row
    if enter is not None:
        target = tl.load(enter + run * rows_per_run + row, mask=in_row, other=0)
    there = (run * value_rows + target)[:, None] * B + b[None, :]
    tl.store(value + there, _phi(found, PHI).to(value.dtype.element_ty), mask=inside)


@triton.jit
def activate_backward(
    d_value, z, bias, enter, dz, d_bias, rows_per_run, value_rows, groups, B, stride,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """Backward of :func:`activate`; a program is the same rows, whose sums it leaves in ``d_bias`` (K, rows, pieces of the batch)."""
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
    grad = tl.load(d_value + there, mask=inside, other=0.0).to(tl.float32) * _slope(found, PHI)
    tl.store(dz + here, grad.to(dz.dtype.element_ty), mask=inside)
    if d_bias is not None:
        piece = (run * rows_per_run + row) * tl.num_programs(1) + tl.program_id(1)
        tl.store(d_bias + piece, tl.sum(grad, 1), mask=in_row)


@triton.jit
def add_up(sums, start, per_run, count, out, outputs, CHUNK: tl.constexpr):
    """Number q of run k of ``out`` (K, outputs) from ``count[q]`` numbers of ``sums``, from ``start[q] + k * per_run[q]`` on."""
    q, run = tl.program_id(0), tl.program_id(1)
    first = tl.load(start + q) + run * tl.load(per_run + q)
    numbers = tl.load(count + q)
    total = tl.zeros((CHUNK,), tl.float32)
    for at in range(0, numbers, CHUNK):
        place = at + tl.arange(0, CHUNK)
        total += tl.load(sums + first + place, mask=place < numbers, other=0.0)
    tl.store(out + run.to(tl.int64) * outputs + q, tl.sum(total, 0))
