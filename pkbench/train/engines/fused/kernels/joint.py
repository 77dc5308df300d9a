"""What lies between the products of two blocks.

A program has one token of one run, (run, s), and some images: ``at`` is the run, the token's first row, its images ``b`` and which of
them are in the batch; ``sizes`` are C, m, B, the groups of the value's product, the operand's rows and ``stride``. Programs that run at once have neighbouring images, and
write whole lines of memory together.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

from pkbench.train.engines.fused.kernels.phi import phi


@triton.jit
def _added(x, y, leave, bias, scale, x_out, c, at, sizes, PHI: tl.constexpr):
    """Channels ``c`` of X after the addition, which are kept in ``x_out``; 0 where there is nothing."""
    run, start, b, in_batch = at
    C, m, B, groups, _, stride = sizes
    in_row = c < C
    inside = in_row[:, None] & in_batch[None, :]
    row = start + c
    source = tl.load(leave + run * m + row, mask=in_row, other=0)
    value = tl.load(y + (run * m + source)[:, None] * B + b[None, :], mask=inside, other=0.0).to(tl.float32)
    if bias is not None:
        value += tl.load(bias + run * stride + source // groups, mask=in_row, other=0.0)[:, None]
    value = phi(value, PHI)
    if scale is not None:
        value *= tl.load(scale + run * B + b, mask=in_batch, other=0.0)[None, :]
    here = (run * m + row)[:, None] * B + b[None, :]
    if x is not None:
        value += tl.load(x + here, mask=inside, other=0.0)
    tl.store(x_out + here, value, mask=inside)
    return tl.where(inside, value, 0.0)


@triton.jit
def _put(value, centre, factor, gamma, beta, enter, operand, c, at, sizes):
    """Write channels ``c``, normalised where there is a ``gamma``, to the rows where the next operand has them."""
    run, start, b, in_batch = at
    C, m, B, _, operand_rows, stride = sizes
    in_row = c < C
    if gamma is not None:
        by = tl.load(gamma + run * stride + c, mask=in_row, other=0.0)
        shift = tl.load(beta + run * stride + c, mask=in_row, other=0.0)
        value = (value - centre[None, :]) * factor[None, :] * by[:, None] + shift[:, None]
    target = tl.load(enter + run * m + start + c, mask=in_row, other=0)
    there = operand + (run * operand_rows + target)[:, None] * B + b[None, :]
    tl.store(there, value.to(operand.dtype.element_ty), mask=in_row[:, None] & in_batch[None, :])


@triton.jit
def place(S, C, B, IMAGES: tl.constexpr):
    """What ``at`` is, and which of the tokens of all runs and which piece of the batch this is."""
    pieces = tl.cdiv(B, IMAGES)
    token, piece = tl.program_id(0) // pieces, tl.program_id(0) % pieces
    b = piece * IMAGES + tl.arange(0, IMAGES)
    return ((token // S).to(tl.int64), (token % S) * C, b, b < B), token, piece


@triton.jit
def _keep(mean, inverse, centre, factor, token, at, B):
    """What the backward pass needs of the norm."""
    tl.store(mean + token.to(tl.int64) * B + at[2], centre, mask=at[3])
    tl.store(inverse + token.to(tl.int64) * B + at[2], factor, mask=at[3])


@triton.jit
def kept(mean, inverse, token, at, B):
    """What :func:`_keep` kept."""
    here = token.to(tl.int64) * B + at[2]
    return tl.load(mean + here, mask=at[3], other=0.0), tl.load(inverse + here, mask=at[3], other=0.0)


@triton.jit
def add_norm(
    x, y, leave, bias, scale, gamma, beta, enter, x_out, mean, inverse, operand,
    S, C, B, groups, operand_rows, stride, eps,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr,
):  # fmt: skip
    """Add a block's value to X, normalise over channels, and write the rows where the next operand has them.

    Row r of X gets row ``leave[r]`` of ``y``, its phi with its bias, times the images' ``scale``, and goes to row ``enter[r]`` of the
    operand. ``ROWS`` are C or more.
    """
    at, token, _ = place(S, C, B, IMAGES)
    sizes = (C, S * C, B, groups, operand_rows, stride)
    c = tl.arange(0, ROWS)
    value = _added(x, y, leave, bias, scale, x_out, c, at, sizes, PHI)
    centre = tl.sum(value, 0) / C
    factor = centre
    if gamma is not None:
        apart = tl.where((c < C)[:, None], value - centre[None, :], 0.0)
        factor = tl.rsqrt(tl.sum(apart * apart, 0) / C + eps)
        _keep(mean, inverse, centre, factor, token, at, B)
    _put(value, centre, factor, gamma, beta, enter, operand, c, at, sizes)


@triton.jit
def add_norm_of_many(
    x, y, leave, bias, scale, gamma, beta, enter, x_out, mean, inverse, operand,
    S, C, B, groups, operand_rows, stride, eps,
    PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """:func:`add_norm` for more channels than registers hold: over them twice, ``ROWS`` at a time, ``STAGES`` of which are on their way.

    Each place of the tile has a mean and a sum of squared deviations (Welford 1962), put together once (Chan et al. 1979): nothing waits
    for other threads in between, and nothing cancels.
    """
    at, token, _ = place(S, C, B, IMAGES)
    sizes = (C, S * C, B, groups, operand_rows, stride)
    c = tl.arange(0, ROWS)
    means = tl.zeros((ROWS, IMAGES), tl.float32)
    parts = tl.zeros((ROWS, IMAGES), tl.float32)
    number = 0.0
    for first in tl.range(0, C, ROWS, num_stages=STAGES):
        value = _added(x, y, leave, bias, scale, x_out, first + c, at, sizes, PHI)
        number += 1.0
        apart = tl.where((first + c < C)[:, None], value - means, 0.0)
        means += apart * (1.0 / number)
        parts += apart * (value - means)
    count = tl.maximum(tl.cdiv(C - c, ROWS), 0).to(tl.float32)[:, None]
    centre = tl.sum(count * means, 0) / C
    apart = means - centre[None, :]
    factor = tl.rsqrt(tl.sum(parts + count * apart * apart, 0) / C + eps)
    if gamma is not None:
        _keep(mean, inverse, centre, factor, token, at, B)
    # What was written is read again, by other threads perhaps.
    tl.debug_barrier()
    for first in tl.range(0, C, ROWS, num_stages=STAGES):
        run, start, b, in_batch = at
        there = x_out + (run * S * C + start + first + c)[:, None] * B + b[None, :]
        value = tl.load(there, mask=(first + c < C)[:, None] & in_batch[None, :], other=0.0)
        _put(value, centre, factor, gamma, beta, enter, operand, first + c, at, sizes)
