"""The backward pass of :mod:`pkbench.train.engines.fused.kernels.joint`; ``at`` and ``sizes`` are as there."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

from pkbench.train.engines.fused.kernels.joint import kept, place
from pkbench.train.engines.fused.kernels.phi import slope


@triton.jit
def _incoming(d_operand, enter, c, at, sizes, POOLED: tl.constexpr):
    """The gradient of the operand's rows, at those of X."""
    run, start, b, in_batch = at
    C, m, B, _, operand_rows, _ = sizes
    if POOLED:
        source = (run * C + c)[:, None] * B + b[None, :]
    else:
        target = tl.load(enter + run * m + start + c, mask=c < C, other=0)
        source = (run * operand_rows + target)[:, None] * B + b[None, :]
    return tl.load(d_operand + source, mask=(c < C)[:, None] & in_batch[None, :], other=0.0).to(tl.float32)


@triton.jit
def _through(x, norm, gamma, d_operand, enter, sums, c, at, sizes, POOLED: tl.constexpr, LEAVE: tl.constexpr):
    """Of channels ``c``: the gradient of normalised values, and these; their sums are left in ``sums`` where ``LEAVE`` says so.

    ``norm`` is the means and 1 over the deviations, ``sums`` the gradients of scale and shift, from where this program's first number goes, and
    from one channel's to the next one's.
    """
    run, start, b, in_batch = at
    C, m, B, _, _, stride = sizes
    centre, factor = norm
    grad = _incoming(d_operand, enter, c, at, sizes, POOLED)
    in_row = c < C
    inside = in_row[:, None] & in_batch[None, :]
    value = tl.load(x + (run * m + start + c)[:, None] * B + b[None, :], mask=inside, other=0.0)
    unit = tl.where(inside, (value - centre[None, :]) * factor[None, :], 0.0)
    if LEAVE:
        d_gamma, d_beta, begin, step = sums
        tl.store(d_gamma + begin + c * step, tl.sum(grad * unit, 1), mask=in_row)
        tl.store(d_beta + begin + c * step, tl.sum(grad, 1), mask=in_row)
    return grad * tl.load(gamma + run * stride + c, mask=in_row, other=0.0)[:, None], unit


@triton.jit
def _outgoing(grad, skip, value, gradients, c, at, sizes, PHI: tl.constexpr):
    """From what came through the norm: the gradients of X, with that of its skip path, and of the block's value.

    ``skip`` are the gradient of the skip path and where X's goes; ``value`` is the block's: y, leave, bias, scale; ``gradients`` its gradient, that of its
    bias and this piece of the batch and how many there are.
    """
    run, start, b, in_batch = at
    C, m, B, groups, _, stride = sizes
    d_skip, dx = skip
    y, leave, bias, scale = value
    dy, d_bias, piece, pieces = gradients
    in_row = c < C
    inside = in_row[:, None] & in_batch[None, :]
    here = (run * m + start + c)[:, None] * B + b[None, :]
    if d_skip is not None:
        grad += tl.load(d_skip + here, mask=inside, other=0.0).to(tl.float32)
    if dx is not None:
        tl.store(dx + here, grad, mask=inside)
    out = tl.load(leave + run * m + start + c, mask=in_row, other=0)
    there = (run * m + out)[:, None] * B + b[None, :]
    if scale is not None:
        grad *= tl.load(scale + run * B + b, mask=in_batch, other=0.0)[None, :]
    if PHI != 0:
        z = tl.load(y + there, mask=inside, other=0.0).to(tl.float32)
        if bias is not None:
            z += tl.load(bias + run * stride + out // groups, mask=in_row, other=0.0)[:, None]
        grad *= slope(z, PHI)
    tl.store(dy + there, grad.to(dy.dtype.element_ty), mask=inside)
    if d_bias is not None:
        tl.store(d_bias + (run * m + out) * pieces + piece, tl.sum(tl.where(inside, grad, 0.0), 1), mask=in_row)


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
    at, token, piece = place(S, C, B, IMAGES)
    sizes = (C, S * C, B, groups, operand_rows, stride)
    pieces = tl.cdiv(B, IMAGES)
    skip, value, gradients = (d_skip, dx), (y, leave, bias, scale), (dy, d_bias, piece, pieces)
    c = tl.arange(0, ROWS)
    if gamma is None:
        grad = _incoming(d_operand, enter, c, at, sizes, POOLED)
    else:
        norm = kept(mean, inverse, token, at, B)
        sums = (d_gamma, d_beta, (at[0] * C * S + token % S) * pieces + piece, S * pieces)
        grad, unit = _through(x, norm, gamma, d_operand, enter, sums, c, at, sizes, POOLED, True)
        along, plain = tl.sum(grad * unit, 0) / C, tl.sum(grad, 0) / C
        grad = (grad - plain[None, :] - unit * along[None, :]) * norm[1][None, :]
    _outgoing(grad, skip, value, gradients, c, at, sizes, PHI)


@triton.jit
def add_norm_of_many_backward(
    x, mean, inverse, gamma, d_operand, enter, d_skip, y, leave, bias, scale, dx, dy, d_gamma, d_beta, d_bias,
    S, C, B, groups, operand_rows, stride,
    POOLED: tl.constexpr, PHI: tl.constexpr, ROWS: tl.constexpr, IMAGES: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Backward of :func:`add_norm_of_many`; see :func:`add_norm_backward`."""
    at, token, piece = place(S, C, B, IMAGES)
    sizes = (C, S * C, B, groups, operand_rows, stride)
    pieces = tl.cdiv(B, IMAGES)
    skip, value, gradients = (d_skip, dx), (y, leave, bias, scale), (dy, d_bias, piece, pieces)
    c = tl.arange(0, ROWS)
    if gamma is None:
        for first in tl.range(0, C, ROWS, num_stages=STAGES):
            grad = _incoming(d_operand, enter, first + c, at, sizes, POOLED)
            _outgoing(grad, skip, value, gradients, first + c, at, sizes, PHI)
    else:
        norm = kept(mean, inverse, token, at, B)
        sums = (d_gamma, d_beta, (at[0] * C * S + token % S) * pieces + piece, S * pieces)
        alongs = tl.zeros((ROWS, IMAGES), tl.float32)
        plains = tl.zeros((ROWS, IMAGES), tl.float32)
        for first in tl.range(0, C, ROWS, num_stages=STAGES):
            grad, unit = _through(x, norm, gamma, d_operand, enter, sums, first + c, at, sizes, POOLED, True)
            alongs += grad * unit
            plains += grad
        along, plain, factor = (tl.sum(alongs, 0) / C)[None, :], (tl.sum(plains, 0) / C)[None, :], norm[1][None, :]
        for first in tl.range(0, C, ROWS, num_stages=STAGES):
            grad, unit = _through(x, norm, gamma, d_operand, enter, sums, first + c, at, sizes, POOLED, False)
            grad = (grad - plain - unit * along) * factor
            _outgoing(grad, skip, value, gradients, first + c, at, sizes, PHI)
