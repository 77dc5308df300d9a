"""The roofline of a step (Williams et al. 2009): operations and bytes of an ideal one, and the floor they set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pkbench.bench.results import Floor, Rate
from pkbench.sizes.base import Shape
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.sparse import SparseShape
from pkbench.spec.train import Precision

_ITEM: Final[dict[Precision, int]] = {"fp32": 4, "tf32": 4, "bf16": 2}
_PARAMETER_MOVES: Final = 10
"""Times four bytes a parameter is moved: read forward and backward, its gradient written; AdamW reads the weight, the
gradient and two moments and writes all but the gradient."""


@dataclass(frozen=True, slots=True)
class Gemm:
    """A product of (M, K) and (K, N)."""

    M: int
    K: int
    N: int

    @property
    def flops(self) -> int:
        """Two for each multiply-add."""
        return 2 * self.M * self.K * self.N

    @property
    def name(self) -> str:
        """As rates call it."""
        return f"gemm {self.M}x{self.K}x{self.N}"


def own_gemms(shape: Shape, batch: int) -> list[tuple[Gemm, int]]:
    """The products of the mixing blocks' forward pass and how often each is done; none for an SW-MLP computed sparsely.

    Mixing ``B`` images' tokens multiplies ``B * C`` rows of ``S``, mixing channels ``B * S`` rows of ``C``. Of a Mixer
    without a skip layer, whose blocks are all alike.
    """
    if not isinstance(shape, MixerShape):
        return []
    found = []
    for rows, n, hidden in ((batch * shape.C, shape.S, shape.D_S), (batch * shape.S, shape.C, shape.D_C)):
        widths = (n, n) if hidden is None else (n, hidden, n)
        found += [(Gemm(rows, k, out), shape.depth) for k, out in pairwise(widths)]
    return found


def step_flops(shape: MixerShape | SparseShape, batch: int) -> float:
    """Operations of a training step: the backward pass has two products for each of the forward pass.

    The layer that reads the image needs no gradient of its input.
    """
    reading = 2 * shape.S0 * shape.C0 * shape.C
    return float(batch * (3 * shape.forward_flops - reading))


def step_bytes(shape: MixerShape | SparseShape, batch: int, precision: Precision) -> float:
    """Bytes an ideal step moves: each kept activation written once and read once, each parameter as AdamW needs it in fp32."""
    return float(2 * _ITEM[precision] * batch * shape.activation_floats + 4 * _PARAMETER_MOVES * shape.parameters)


def floor(shape: MixerShape | SparseShape, batch: int, precision: Precision, rates: Sequence[Rate]) -> Floor:
    """The floor in ``precision`` with this machine's ``rates``, which have a GEMM in it and a copy."""
    gemms = {
        rate.what: rate.per_second.median for rate in rates if rate.unit == "FLOP/s" and rate.precision == precision
    }
    copy = next(rate.per_second.median for rate in rates if rate.unit == "B/s")
    flops, moved = step_flops(shape, batch), step_bytes(shape, batch, precision)
    own = own_gemms(shape, batch)
    own_seconds = None
    if own and all(gemm.name in gemms for gemm, _ in own):
        forward = sum(gemm.flops * times for gemm, times in own)
        mixing = sum(gemm.flops * times / gemms[gemm.name] for gemm, times in own)
        # What is not in the blocks runs at the blocks' mean rate.
        own_seconds = mixing * flops / forward
    return Floor(
        precision=precision,
        flops=flops,
        bytes=moved,
        compute_seconds=flops / max(gemms.values()),
        own_gemm_seconds=own_seconds,
        memory_seconds=moved / copy,
    )
