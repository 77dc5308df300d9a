"""Triton kernels between products.

Features are (K, rows, B) in contiguous memory: K runs, B images. In what follows m = S * C are the rows of X, entry (s, c) at
``s * C + c``; rows of operands and values are (entry, group). Sums are in float32 whatever is stored. ``stride`` is from one
run's parameters to the next one's. An argument that is ``None`` leaves out what it is for.
"""

# Triton compiles the functions below from their text: it, not Python, gives them types.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import triton
import triton.language as tl

ACTIVATIONS = {"linear": 0, "gelu": 1, "relu": 2}


@triton.jit
def _phi(z, PHI: tl.constexpr):
    if PHI == 1:
        return 0.5 * z * (1.0 + tl.erf(z * 0.7071067811865476))
    if PHI == 2:
        return tl.where(z > 0, z, 0.0)
    return z


@triton.jit
def _slope(z, PHI: tl.constexpr):
    """The derivative of phi."""
    if PHI == 1:
        density = 0.3989422804014327 * tl.exp(-0.5 * z * z)
        return 0.5 * (1.0 + tl.erf(z * 0.7071067811865476)) + z * density
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
def multiply_activate(
    weight, operand, bias, enter, z, value, outputs, inputs, groups, B, value_rows, weight_run, line, stride,
    PHI: tl.constexpr, OUT: tl.constexpr, IN: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """z = W operand, and :func:`activate` of it; a program is some entries of one group for some images.

    ``operand`` is (K, inputs, groups, B), ``weight`` (K, outputs, inputs) with lines of ``line`` numbers.
    """
    run = tl.program_id(1).to(tl.int64)
    pieces, places = tl.cdiv(outputs, OUT), tl.cdiv(B, IMAGES)
    o = (tl.program_id(0) % pieces) * OUT + tl.arange(0, OUT)
    column = tl.program_id(0) // pieces
    group = column // places
    b = (column % places) * IMAGES + tl.arange(0, IMAGES)
    in_out, in_batch = o < outputs, b < B
    total = tl.zeros((OUT, IMAGES), tl.float32)
    for start in range(0, inputs, IN):
        i = start + tl.arange(0, IN)
        w = tl.load(
            weight + run * weight_run + o[:, None] * line + i[None, :],
            mask=in_out[:, None] & (i < inputs)[None, :], other=0.0,
        )  # fmt: skip
        x = tl.load(
            operand + ((run * inputs + i) * groups + group)[:, None] * B + b[None, :],
            mask=(i < inputs)[:, None] & in_batch[None, :], other=0.0,
        )  # fmt: skip
        total = tl.dot(w, x, total)
    inside = in_out[:, None] & in_batch[None, :]
    row = o * groups + group
    tl.store(z + (run * outputs * groups + row)[:, None] * B + b[None, :], total.to(z.dtype.element_ty), mask=inside)
    if bias is not None:
        total += tl.load(bias + run * stride + o, mask=in_out, other=0.0)[:, None]
    if enter is not None:
        row = tl.load(enter + run * outputs * groups + row, mask=in_out, other=0)
    there = (run * value_rows + row)[:, None] * B + b[None, :]
    tl.store(value + there, _phi(total, PHI).to(value.dtype.element_ty), mask=inside)


@triton.jit
def multiply_activate_backward(
    weight, dy, z, bias, source, dz, d_bias, outputs, entries, groups, B, weight_run, line, stride,
    PHI: tl.constexpr, ENTRIES: tl.constexpr, OUT: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """The gradient of an operand, W^T dy, and :func:`activate_backward` of it; a program is some entries of one group, some images.

    ``dy`` is (K, outputs, groups, B). Row r of the operand is row ``source[r]`` of z, whose sums go to ``d_bias`` (K, rows, pieces
    of the batch).
    """
    run = tl.program_id(1).to(tl.int64)
    pieces, places = tl.cdiv(entries, ENTRIES), tl.cdiv(B, IMAGES)
    i = (tl.program_id(0) % pieces) * ENTRIES + tl.arange(0, ENTRIES)
    column = tl.program_id(0) // pieces
    group = column // places
    b = (column % places) * IMAGES + tl.arange(0, IMAGES)
    in_entry, in_batch = i < entries, b < B
    total = tl.zeros((ENTRIES, IMAGES), tl.float32)
    for start in range(0, outputs, OUT):
        o = start + tl.arange(0, OUT)
        w = tl.load(
            weight + run * weight_run + o[:, None] * line + i[None, :],
            mask=(o < outputs)[:, None] & in_entry[None, :], other=0.0,
        )  # fmt: skip
        x = tl.load(
            dy + ((run * outputs + o) * groups + group)[:, None] * B + b[None, :],
            mask=(o < outputs)[:, None] & in_batch[None, :], other=0.0,
        )  # fmt: skip
        total = tl.dot(tl.trans(w), x, total)
    inside = in_entry[:, None] & in_batch[None, :]
    row = i * groups + group
    if source is not None:
        row = tl.load(source + run * entries * groups + row, mask=in_entry, other=0)
    here = (run * entries * groups + row)[:, None] * B + b[None, :]
    found = tl.load(z + here, mask=inside, other=0.0).to(tl.float32)
    if bias is not None:
        found += tl.load(bias + run * stride + row // groups, mask=in_entry, other=0.0)[:, None]
    total = tl.where(inside, total * _slope(found, PHI), 0.0)
    tl.store(dz + here, total.to(dz.dtype.element_ty), mask=inside)
    if d_bias is not None:
        piece = (run * entries * groups + row) * places + column % places
        tl.store(d_bias + piece, tl.sum(total, 1), mask=in_entry)


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
