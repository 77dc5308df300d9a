"""What this machine can do at most: matrix products and copies, timed in the benchmark's own run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

import torch

from pkbench.bench.results import Rate, Spread
from pkbench.bench.roofline import Gemm, own_gemms
from pkbench.bench.spread import spread
from pkbench.sizes.base import Shape
from pkbench.spec.train import Precision
from pkbench.train.engines.precision import float32_products, has_tf32

REFERENCES: Final = MappingProxyType({"cpu": Gemm(1024, 1024, 1024), "cuda": Gemm(8192, 8192, 8192)})
"""Products that are as fast as any on a kind of device; a GPU is not filled by what fills a CPU."""
COPY_BYTES: Final = 256 * 2**20
"""Larger than any cache."""
SAMPLE_SECONDS: Final = 0.01
"""A sample times as many actions in a row as take about this long."""
_DTYPES: Final[dict[Precision, torch.dtype]] = {
    "fp32": torch.float32,
    "tf32": torch.float32,
    "bf16": torch.bfloat16,
}


def measure_rates(shape: Shape, batch: int, device: torch.device, *, seconds: float) -> tuple[Rate, ...]:
    """The reference GEMM in every precision, the case's own GEMMs, and a large copy.

    Own GEMMs are timed in bf16 only where the reference is faster in bf16 than in fp32: elsewhere nothing runs in it.

    Args:
        shape: the case's sizes.
        batch: images of a step.
        device: where to measure.
        seconds: how long to repeat each measurement.
    """
    precisions: list[Precision] = ["fp32", "tf32", "bf16"] if has_tf32(device) else ["fp32", "bf16"]
    reference = REFERENCES.get(device.type, REFERENCES["cpu"])
    rates = [_gemm(reference, precision, device, seconds) for precision in precisions]
    own = [gemm for gemm, _ in own_gemms(shape, batch)]
    if bf16_refusal(rates):
        precisions.remove("bf16")
    rates += [_gemm(gemm, precision, device, seconds) for precision in precisions for gemm in dict.fromkeys(own)]
    return (*rates, _copy(device, seconds))


def bf16_refusal(rates: Sequence[Rate]) -> str | None:
    """Why nothing is timed in bf16: its reference GEMM is no faster than that in fp32; ``None`` where it is."""
    fp32, bf16 = (
        next(rate for rate in rates if is_reference(rate) and rate.precision == precision).per_second.median
        for precision in ("fp32", "bf16")
    )
    if bf16 > fp32:
        return None
    return f"bf16 GEMM is no faster here: {bf16 / 1e9:.3g} against {fp32 / 1e9:.3g} GFLOP/s in fp32"


def is_reference(rate: Rate) -> bool:
    """Whether ``rate`` is that of a reference product."""
    return rate.what in {gemm.name for gemm in REFERENCES.values()}


def _gemm(gemm: Gemm, precision: Precision, device: torch.device, seconds: float) -> Rate:
    """``x @ W.T`` as a linear layer has it: ``x`` (M, K), ``W`` (N, K)."""
    generator = torch.Generator().manual_seed(0)
    dtype = _DTYPES[precision]
    x = torch.randn(gemm.M, gemm.K, generator=generator).to(device, dtype)
    weight = torch.randn(gemm.N, gemm.K, generator=generator).to(device, dtype)
    out = torch.empty(gemm.M, gemm.N, device=device, dtype=dtype)
    with float32_products(precision, device):
        per_second = _per_second(lambda: torch.mm(x, weight.t(), out=out), gemm.flops, device, seconds)
    return Rate(what=gemm.name, precision=precision, unit="FLOP/s", per_second=per_second)


def _copy(device: torch.device, seconds: float) -> Rate:
    """Bytes read and bytes written, both counted."""
    source = torch.zeros(COPY_BYTES, dtype=torch.uint8, device=device)
    target = torch.empty_like(source).fill_(1)
    per_second = _per_second(lambda: target.copy_(source), 2 * COPY_BYTES, device, seconds)
    return Rate(what="copy", precision="fp32", unit="B/s", per_second=per_second)


def _per_second(action: Callable[[], object], amount: float, device: torch.device, seconds: float) -> Spread:
    """Amounts a second; after a warm-up, repeated for ``seconds`` and at least three times.

    A sample is as many in a row as take about :data:`SAMPLE_SECONDS`: nobody waits for a device between the products of a step.
    """
    action()
    count = max(1, round(SAMPLE_SECONDS / max(_seconds(action, 1, device), 1e-9)))
    found: list[float] = []
    until = time.perf_counter() + seconds
    while len(found) < 3 or time.perf_counter() < until:
        found.append(amount * count / _seconds(action, count, device))
    return spread(found)


def _seconds(action: Callable[[], object], count: int, device: torch.device) -> float:
    """Of ``count`` actions in a row, until ``device`` has done them."""
    synchronize(device)
    start = time.perf_counter()
    for _ in range(count):
        action()
    synchronize(device)
    return time.perf_counter() - start


def synchronize(device: torch.device) -> None:
    """Wait until ``device`` has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
