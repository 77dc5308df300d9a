"""The optimizer's step of all runs in one pass."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def adamw(
    flat, gradient, mean, square, coefficients, parameters, runs, new1, beta2, new2, eps, ENTRIES: tl.constexpr
):  # fmt: skip
    """AdamW in place for ``flat``, ``mean`` and ``square`` (K, parameters).

    ``coefficients`` (3, K) are those of :func:`pkbench.train.engines.batch_last.optimize.coefficients_of`, ``new1`` and ``new2`` what is missing of the
    betas to 1, which in float32 would have lost digits.
    """
    run = tl.program_id(1)
    entry = tl.program_id(0) * ENTRIES + tl.arange(0, ENTRIES)
    inside = entry < parameters
    place = run.to(tl.int64) * parameters + entry
    root = tl.load(coefficients + run)
    decay = tl.load(coefficients + runs + run)
    size = tl.load(coefficients + 2 * runs + run)
    slope = tl.load(gradient + place, mask=inside, other=0.0)
    first = tl.load(mean + place, mask=inside, other=0.0)
    first += (slope - first) * new1
    second = tl.load(square + place, mask=inside, other=0.0) * beta2 + slope * slope * new2
    tl.store(mean + place, first, mask=inside)
    tl.store(square + place, second, mask=inside)
    weight = tl.load(flat + place, mask=inside, other=0.0) * decay
    weight += first * size / (tl.sqrt(second) / root + eps)
    tl.store(flat + place, weight, mask=inside)
