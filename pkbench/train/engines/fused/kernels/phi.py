"""Activations and their derivatives, entry by entry in float32."""

# Triton compiles the functions below from their text: it, not Python, gives them types.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl

ACTIVATIONS = {"linear": 0, "gelu": 1, "relu": 2}
"""What kernels call them (``PHI``)."""


@triton.jit
def below(z):
    """The standard normal distribution function, to 1e-7.

    Its tail is two to the power of a polynomial, fitted on [0, 9] so that the largest error of ``z`` times it is least (5e-8): one
    exponential and no division. The library's erf takes longer than reading and writing ``z``.
    """
    x = tl.minimum(tl.abs(z), 9.0)
    power = 6.959453448992832e-08
    power = power * x - 2.1109128472384102e-06
    power = power * x + 2.3911378213867453e-05
    power = power * x - 0.00010103198297074766
    power = power * x - 0.0003555137973201989
    power = power * x + 0.007354248011420709
    power = power * x - 0.05269481549102013
    power = power * x - 0.4591450815701055
    power = power * x - 1.1511124781136837
    power = power * x - 0.9999998610597309
    tail = tl.exp2(power)
    return tl.where(z >= 0, 1.0 - tail, tail)


@triton.jit
def phi(z, PHI: tl.constexpr):
    """The activation of ``z``."""
    if PHI == 1:
        return z * below(z)
    if PHI == 2:
        return tl.where(z > 0, z, 0.0)
    return z


@triton.jit
def slope(z, PHI: tl.constexpr):
    """The derivative of phi."""
    if PHI == 1:
        return _gelu_slope(z, below(z))
    if PHI == 2:
        return tl.where(z > 0, 1.0, 0.0)
    return tl.full(z.shape, 1.0, tl.float32)


@triton.jit
def both(z, PHI: tl.constexpr):
    """phi(z) and its derivative."""
    if PHI == 1:
        part = below(z)
        return z * part, _gelu_slope(z, part)
    return phi(z, PHI), slope(z, PHI)


@triton.jit
def _gelu_slope(z, part):
    # The normal density as a power of two: -1 / (2 ln 2), 1 / sqrt(2 pi).
    return part + z * (0.3989422804014327 * tl.exp2(-0.7213475204444817 * z * z))
