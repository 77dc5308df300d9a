"""Where a function of one number is zero, by Brent's method.

Written out, because importing SciPy's optimizers takes longer than all verdicts of a spec. Step for step it is
``scipy.optimize.brentq``, whose result it gives to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_RELATIVE = 4 * 2.0**-52
"""Least distance of two numbers tried, relative to their size."""

Point = tuple[float, float]
"""A number and the function's value there."""


def root(function: Callable[[float], float], low: float, high: float, *, within: float) -> float:
    """A zero of ``function``, whose signs at ``low`` and ``high`` differ, up to ``within`` (Brent 1973, chapter 4)."""
    # As there: b is the best number so far, a the one before it, and the zero lies between b and c.
    a, b = (low, function(low)), (high, function(high))
    c = a
    before = step = b[0] - a[0]
    while True:
        if (a[1] < 0.0) != (b[1] < 0.0):
            c = a
            before = step = b[0] - a[0]
        if abs(c[1]) < abs(b[1]):
            a, b, c = b, c, b
        least = (within + _RELATIVE * abs(b[0])) / 2
        half = (c[0] - b[0]) / 2
        if b[1] == 0.0 or abs(half) < least:
            return b[0]
        tried = _interpolated(a, b, c) if abs(before) > least and abs(b[1]) < abs(a[1]) else math.inf
        # An interpolation that is too bold, or shrinks the steps too slowly, gives way to halving.
        if 2 * abs(tried) < min(abs(before), 3 * abs(half) - least):
            before, step = step, tried
        else:
            before = step = half
        number = b[0] + (step if abs(step) > least else math.copysign(least, half))
        a, b = b, (number, function(number))


def _interpolated(a: Point, b: Point, c: Point) -> float:
    """The step from ``b`` to the zero of the line through it and ``a``, or of the inverse parabola through all three."""
    if a[0] == c[0]:
        return -b[1] * (b[0] - a[0]) / (b[1] - a[1])
    slope_a, slope_c = (a[1] - b[1]) / (a[0] - b[0]), (c[1] - b[1]) / (c[0] - b[0])
    return -b[1] * (c[1] * slope_c - a[1] * slope_a) / (slope_c * slope_a * (c[1] - a[1]))
