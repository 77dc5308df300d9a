"""What lies between the two products of a block: bias, phi and the rows' move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from pkbench.train.engines.batch_last.network import Parameters
from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels import hidden as kernels
from pkbench.train.engines.fused.kernels.phi import ACTIVATIONS
from pkbench.train.engines.fused.products import aligned
from pkbench.train.engines.fused.sums import Vector

_TILE = 4096
"""Entries of a kernel's piece."""
_MOST_IMAGES = 256


@dataclass(frozen=True)
class Hidden:
    """The hidden features of a block, of K runs.

    Attributes:
        entries: of a group.
        groups: of both products.
        bias: the first product's bias's name, ``None`` where it has none.
        activation: phi.
        enter: int32 (K, entries * groups): row r of the first product goes to row ``enter[r]`` of the second one's operand;
            ``None`` where rows stay.
    """

    entries: int
    groups: int
    bias: str | None
    activation: str
    enter: Tensor | None

    def vectors(self, B: int) -> Iterator[Vector]:
        """The bias, whose gradient's parts :meth:`backward` leaves."""
        if self.bias is not None:
            yield Vector(self.bias, self.entries, self.groups * -(-B // self._piece(B)[0]))

    def forward(self, parameters: Parameters, z: Tensor) -> Tensor:
        """The second product's operand (K, rows, B), from the first product (K, entries, groups * B)."""
        K, _, columns = z.shape
        B, rows = columns // self.groups, self.entries * self.groups
        value = torch.empty(K, aligned(self.entries) * self.groups, B, dtype=z.dtype, device=z.device)
        if value.shape[1] > rows:
            value[:, rows:] = 0
        images, lines = self._piece(B)
        kernels.activate[-(-rows // lines), -(-B // images), K](
            *(z, self._bias(parameters), self.enter, value),
            *(rows, value.shape[1], self.groups, B, parameters.flat.stride(0)),
            PHI=ACTIVATIONS[self.activation],
            ROWS=lines,
            IMAGES=images,
            **ROUNDING,
        )
        return value

    def backward(self, parameters: Parameters, d_value: Tensor, z: Tensor, room: Mapping[str, Tensor]) -> Tensor:
        """The gradient of the first product ``z``, from that of the second one's operand, (K, rows, groups * B)."""
        K, entries, columns = d_value.shape
        B, rows = columns // self.groups, self.entries * self.groups
        dz = torch.empty_like(z)
        images, lines = self._piece(B)
        kernels.activate_backward[-(-rows // lines), -(-B // images), K](
            *(d_value, z, self._bias(parameters), self.enter, dz, None if self.bias is None else room[self.bias]),
            *(rows, entries * self.groups, self.groups, B, parameters.flat.stride(0)),
            PHI=ACTIVATIONS[self.activation],
            ROWS=lines,
            IMAGES=images,
            **ROUNDING,
        )
        return dz

    def _bias(self, parameters: Parameters) -> Tensor | None:
        return None if self.bias is None else parameters.named[self.bias]

    def _piece(self, B: int) -> tuple[int, int]:
        """Images and rows of a program's piece."""
        images = min(triton.next_power_of_2(B), _MOST_IMAGES)
        return images, _TILE // images
