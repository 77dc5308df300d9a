"""What lies between the products of two blocks: the first one's value onto its skip path, a norm, and the rows' move into the second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import triton
from torch import Tensor

from pkbench.models.mixers import LAYER_NORM_EPS
from pkbench.train.engines.batch_last.network import Parameters
from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels import joint as forward
from pkbench.train.engines.fused.kernels import joint_backward as backward
from pkbench.train.engines.fused.kernels.phi import ACTIVATIONS
from pkbench.train.engines.fused.sums import Vector

_LEAST_IMAGES, _MOST_IMAGES = 8, 128
_TILE = 2048
"""Entries of a kernel's piece that were the fastest, but for lines that would not be full."""
_FULL_LINE = 32
"""Images whose entries of a row fill a cache line."""
_MOST_ROWS = 512
"""Channels up to which a program has all of a token's at once."""
_MOST_WARPS = 8
"""Of a program. Twice as many had the largest tiles 6 % slower forward, and were no faster backward."""
_MANY = {"ROWS": 32, "STAGES": 3, "num_warps": 4}
"""Of more channels, how many it has at a time."""


def rows_on(device: torch.device, indices: Sequence[Tensor]) -> Tensor:
    """Index vectors of the runs as kernels take them: int32 (K, rows)."""
    return torch.stack(list(indices)).to(device, torch.int32)


def inverse(index: Tensor) -> Tensor:
    """The inverse of a permutation (m,)."""
    return torch.empty_like(index).scatter_(0, index, torch.arange(len(index)))


@dataclass(frozen=True)
class Value:
    """Where a block's last product's rows (entry, group) go: what ``leave`` of a block's rows is on the device.

    Attributes:
        leave: int32 (K, S * C).
        groups: of the product.
        bias: its bias's name, ``None`` where it has none.
        activation: phi, which comes after the bias.
    """

    leave: Tensor
    groups: int
    bias: str | None
    activation: str


class Kept(NamedTuple):
    """What the backward pass needs of a joint.

    Attributes:
        x: X after the addition, float32 (K, S * C, B).
        y: the product (K, S * C, B), where phi's derivative needs it.
        mean: of each token and image (K, S, B), with ``inverse``, 1 over the deviation.
        scale: of stochastic depth (K, B).
    """

    x: Tensor
    y: Tensor | None
    mean: Tensor | None
    inverse: Tensor | None
    scale: Tensor | None


@dataclass(frozen=True)
class Joint:
    """One joint of K runs.

    Attributes:
        C: channels.
        value: what is added to X, or becomes it.
        norm: name of the norm, ``None`` where there is none.
        enter: int32 (K, S * C): row r of X goes to row ``enter[r]`` of the operand.
        operand_rows: of a run's operand, S * C or more, the others being zeros.
    """

    C: int
    value: Value
    norm: str | None
    enter: Tensor
    operand_rows: int

    def vectors(self, B: int) -> Iterator[Vector]:
        """The parameters whose gradients' parts :meth:`backward` leaves."""
        m = self.enter.shape[1]
        S = m // self.C
        pieces = -(-B // self._pieces(B)["IMAGES"])
        if self.value.bias is not None:
            yield Vector(self.value.bias, m // self.value.groups, self.value.groups * pieces)
        if self.norm is not None:
            yield Vector(f"{self.norm}.weight", self.C, S * pieces)
            yield Vector(f"{self.norm}.bias", self.C, S * pieces)

    def forward(
        self, parameters: Parameters, x: Tensor | None, y: Tensor, scale: Tensor | None, dtype: torch.dtype
    ) -> tuple[Tensor, Kept]:
        """The operand (K, operand rows, B) as ``dtype``, and what to keep; ``x`` float32 (K, S * C, B), ``y`` the product."""
        K, m = self.enter.shape
        y = y.view(K, m, -1)
        S, B = m // self.C, y.shape[2]
        operand = torch.empty(K, self.operand_rows, B, dtype=dtype, device=y.device)
        if self.operand_rows > m:
            operand[:, m:] = 0
        sums = torch.empty(K, m, B, device=y.device)
        mean, deviation = torch.empty(2, K, S, B, device=y.device) if self.norm else (None, None)
        bias, gamma, beta = self._parameters(parameters)
        sizes = self._pieces(B)
        grid = (K * S * -(-B // sizes["IMAGES"]),)
        kernel = forward.add_norm_of_many if self._many else forward.add_norm
        kernel[grid](
            *(x, y, self.value.leave, bias, scale, gamma, beta, self.enter, sums, mean, deviation, operand),
            *(S, self.C, B, self.value.groups, self.operand_rows, parameters.flat.stride(0), LAYER_NORM_EPS),
            **sizes,
            **ROUNDING,
        )
        return operand, Kept(sums, y if self.value.activation != "linear" else None, mean, deviation, scale)

    def backward(
        self,
        parameters: Parameters,
        kept: Kept,
        d_operand: Tensor,
        d_skip: Tensor | None,
        dtype: torch.dtype,
        room: Mapping[str, Tensor],
        *,
        pooled: bool = False,
        needs_x: bool = True,
    ) -> tuple[Tensor, Tensor | None]:
        """Gradients of the product, as ``dtype``, and of X if that is needed, from those of the operand and of X's skip path.

        ``d_operand`` is (K, rows, B), or (K, C, B) where it is ``pooled``: that of every token's rows.
        """
        K, m, B = kept.x.shape
        S = m // self.C
        bias, gamma, _ = self._parameters(parameters)
        sizes = self._pieces(B)
        grid = (K * S * -(-B // sizes["IMAGES"]),)
        dy = torch.empty(K, m, B, dtype=dtype, device=kept.x.device)
        dx = torch.empty_like(kept.x) if needs_x else None
        d_gamma, d_beta = (room[f"{self.norm}.{name}"] if self.norm else None for name in ("weight", "bias"))
        d_bias = None if self.value.bias is None else room[self.value.bias]
        kernel = backward.add_norm_of_many_backward if self._many else backward.add_norm_backward
        kernel[grid](
            *(kept.x, kept.mean, kept.inverse, gamma, d_operand, self.enter, d_skip),
            *(kept.y, self.value.leave, bias, kept.scale, dx, dy, d_gamma, d_beta, d_bias),
            *(S, self.C, B, self.value.groups, d_operand.shape[1], parameters.flat.stride(0)),
            POOLED=pooled,
            **sizes,
            **ROUNDING,
        )
        return dy, dx

    def _parameters(self, parameters: Parameters) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """The product's bias and the norm's scale and shift."""
        names = (self.value.bias, self.norm and f"{self.norm}.weight", self.norm and f"{self.norm}.bias")
        bias, gamma, beta = (None if name is None else parameters.named[name] for name in names)
        return bias, gamma, beta

    @property
    def _many(self) -> bool:
        """Whether a token's channels are more than a program has at once."""
        return self.C > _MOST_ROWS

    def _pieces(self, B: int) -> dict[str, int]:
        """How kernels cut their work."""
        most = min(triton.next_power_of_2(B), _MOST_IMAGES)
        phi = ACTIVATIONS[self.value.activation]
        if self._many:
            return _MANY | {"PHI": phi, "IMAGES": max(_LEAST_IMAGES, min(most, _TILE // _MANY["ROWS"]))}
        rows = triton.next_power_of_2(self.C)
        images = max(_LEAST_IMAGES, min(most, max(_TILE // rows, _FULL_LINE)))
        return {
            "PHI": phi,
            "ROWS": rows,
            "IMAGES": images,
            "num_warps": max(2, min(_MOST_WARPS, rows * images // 1024)),
        }
