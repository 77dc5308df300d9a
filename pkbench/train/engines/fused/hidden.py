"""What lies between the two products of a block: bias, phi and the rows' move, with one of the products where it is short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
import triton
from torch import Tensor

from pkbench.train.engines.batch_last.network import Parameters
from pkbench.train.engines.fused import kernels
from pkbench.train.engines.fused.products import aligned
from pkbench.train.engines.fused.sums import Vector

_TILE = 4096
"""Entries of a piece of the kernels without a product."""
_MOST_IMAGES = 256

_SHORT = 256
"""Longest sums that kernels with a product take: cuBLAS is better at longer ones, by more than a pass over its value costs."""
_LEAST_SIDE, _MOST_SIDE, _MOST_INNER = 16, 128, 64
"""Sides of those kernels' pieces, and how much of a sum they take at a time."""


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
        source: its inverse.
    """

    entries: int
    groups: int
    bias: str | None
    activation: str
    enter: Tensor | None
    source: Tensor | None

    def vectors(self, B: int, outputs: int, dtype: torch.dtype) -> Iterator[Vector]:
        """The bias, whose gradient's parts :meth:`backward` leaves; the second product has ``outputs``."""
        images = self._sides(outputs, B)[1] if _is_short(outputs, dtype) else self._piece(B)[0]
        if self.bias is not None:
            yield Vector(self.bias, self.entries, self.groups * -(-B // images))

    def forward(self, parameters: Parameters, matrix: Tensor, operand: Tensor) -> tuple[Tensor, Tensor]:
        """The second product's operand (K, rows, B), and the first product (K, entries, groups * B).

        ``matrix`` is the first one's (K, entries, aligned inputs), with its ``operand`` (K, aligned inputs, groups * B).
        """
        K, inputs, columns = operand.shape
        B, rows = columns // self.groups, self.entries * self.groups
        value = torch.empty(K, aligned(self.entries) * self.groups, B, dtype=operand.dtype, device=operand.device)
        if value.shape[1] > rows:
            value[:, rows:] = 0
        bias = None if self.bias is None else parameters.named[self.bias]
        stride, phi = parameters.flat.stride(0), kernels.ACTIVATIONS[self.activation]
        if _is_short(inputs, operand.dtype):
            z = torch.empty(K, self.entries, columns, dtype=operand.dtype, device=operand.device)
            out, images, inner = self._sides(inputs, B)
            kernels.multiply_activate[-(-self.entries // out) * self.groups * -(-B // images), K](
                *(matrix, operand, bias, self.enter, z, value, self.entries, inputs, self.groups, B, value.shape[1]),
                *(matrix.stride(0), matrix.stride(1), stride),
                **{"PHI": phi, "OUT": out, "IN": inner, "IMAGES": images, "num_warps": _warps(out * images)},
            )
            return value, z
        z = torch.bmm(matrix, operand)
        images, lines = self._piece(B)
        kernels.activate[-(-rows // lines), -(-B // images), K](
            *(z, bias, self.enter, value, rows, value.shape[1], self.groups, B, stride),
            PHI=phi,
            ROWS=lines,
            IMAGES=images,
        )
        return value, z

    def backward(
        self, parameters: Parameters, matrix: Tensor, dy: Tensor, z: Tensor, room: Mapping[str, Tensor]
    ) -> Tensor:
        """The gradient of the first product ``z``, from that of the second, ``dy`` (K, outputs, groups * B), and its ``matrix``."""
        K, outputs, columns = dy.shape
        B, rows = columns // self.groups, self.entries * self.groups
        dz = torch.empty_like(z)
        bias, d_bias = (None, None) if self.bias is None else (parameters.named[self.bias], room[self.bias])
        stride, phi = parameters.flat.stride(0), kernels.ACTIVATIONS[self.activation]
        if _is_short(outputs, dy.dtype):
            entries, images, inner = self._sides(outputs, B)
            kernels.multiply_activate_backward[-(-self.entries // entries) * self.groups * -(-B // images), K](
                *(matrix, dy, z, bias, self.source, dz, d_bias, outputs, self.entries, self.groups, B),
                *(matrix.stride(0), matrix.stride(1), stride),
                **{"PHI": phi, "ENTRIES": entries, "OUT": inner, "IMAGES": images, "num_warps": _warps(entries * images)},
            )
            return dz
        d_value = torch.bmm(matrix.transpose(1, 2), dy)
        images, lines = self._piece(B)
        kernels.activate_backward[-(-rows // lines), -(-B // images), K](
            *(d_value, z, bias, self.enter, dz, d_bias, rows, d_value.shape[1] * self.groups, self.groups, B, stride),
            PHI=phi,
            ROWS=lines,
            IMAGES=images,
        )
        return dz

    def _piece(self, B: int) -> tuple[int, int]:
        """Images and rows of a piece without a product."""
        images = min(triton.next_power_of_2(B), _MOST_IMAGES)
        return images, _TILE // images

    def _sides(self, inner: int, B: int) -> tuple[int, int, int]:
        """Entries and images of a piece with a product, and how much it takes of its sums of ``inner`` terms at a time."""
        sides = (triton.next_power_of_2(size) for size in (self.entries, B, inner))
        out, images, at_once = (max(_LEAST_SIDE, side) for side in sides)
        return min(out, _MOST_SIDE), min(images, _MOST_SIDE), min(at_once, _MOST_INNER)


def _is_short(inner: int, dtype: torch.dtype) -> bool:
    """Whether a product with sums of ``inner`` terms is for kernels of our own, which know bfloat16 alone."""
    return inner <= _SHORT and dtype == torch.bfloat16


def _warps(tile: int) -> int:
    return 8 if tile >= _MOST_SIDE * _MOST_SIDE else 4
