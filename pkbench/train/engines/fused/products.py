"""Products of all runs' matrices, whose lines begin where the GPU likes them to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels.copies import copy_matrices

_ALIGNED = 8
"""Numbers in 16 bytes of bfloat16: with lines or sums of other lengths, cuBLAS falls back to kernels several times slower."""
_ENTRIES = 1024
_FEW_RUNS = 8
"""Up to so many runs, gradients are products of each: for a single one cuBLAS divides long sums among processors."""


class _Matrix(NamedTuple):
    start: int
    outputs: int
    line: int


class Matrices:
    """Copies of the runs' matrices in the type that products have, of the parameters called ``names``."""

    def __init__(self, model: nn.Module, names: Sequence[str], device: torch.device) -> None:
        self._matrices: dict[str, _Matrix] = {}
        places, start, offset = [], 0, 0
        for name, parameter in model.named_parameters():
            if name in names:
                outputs, inputs = parameter.shape
                line = aligned(inputs)
                columns = torch.arange(line).clamp(max=inputs - 1)
                places.append((offset + torch.arange(outputs)[:, None] * inputs + columns).flatten())
                self._matrices[name] = _Matrix(start, outputs, line)
                start += outputs * line
            offset += parameter.numel()
        self._places = torch.cat(places).to(device, torch.int32)

    def of(self, flat: Tensor, dtype: torch.dtype) -> dict[str, Tensor]:
        """Each (K, outputs, aligned inputs) from all parameters (K, parameters); what is beyond its inputs is finite."""
        K, parameters = flat.shape
        numbers = len(self._places)
        copied = torch.empty(K, numbers, dtype=dtype, device=flat.device)
        grid = -(-numbers // _ENTRIES), K
        copy_matrices[grid](flat, self._places, copied, numbers, parameters, ENTRIES=_ENTRIES, **ROUNDING)
        return {
            name: copied[:, matrix.start : matrix.start + matrix.outputs * matrix.line].view(
                -1, matrix.outputs, matrix.line
            )
            for name, matrix in self._matrices.items()
        }


def aligned(size: int) -> int:
    """``size`` or the next number at which a line may begin."""
    return -(-size // _ALIGNED) * _ALIGNED


def with_aligned_rows(operand: Tensor) -> Tensor:
    """``operand`` (K, inputs, columns) with rows of zeros up to an aligned number of them."""
    missing = aligned(operand.shape[1]) - operand.shape[1]
    return functional.pad(operand, (0, 0, 0, missing)) if missing else operand


def matrix_gradient(d_value: Tensor, operand: Tensor, out: Tensor) -> None:
    """The gradient of a product's matrix, into ``out`` (K, outputs, inputs) in float32; ``operand`` may have rows beyond its inputs."""
    K, outputs, inputs = out.shape
    found = out
    if operand.shape[1] != inputs or not _begins_well(out):
        found = torch.empty(K, outputs, operand.shape[1], device=out.device)
    if K <= _FEW_RUNS:
        for run in range(K):
            _in_float32(torch.mm, d_value[run], operand[run].T, found[run])
    else:
        _in_float32(torch.bmm, d_value, operand.transpose(1, 2), found)
    if found is not out:
        out.copy_(found[:, :, :inputs])


def _begins_well(matrices: Tensor) -> bool:
    """Whether every line of float32 ``matrices`` begins at a multiple of 16 bytes."""
    return matrices.data_ptr() % 16 == 0 and all(stride % 4 == 0 for stride in matrices.stride()[:-1])


def _in_float32(multiply: Callable[..., Tensor], a: Tensor, b: Tensor, out: Tensor) -> None:
    """``multiply`` without rounding its sums to the type of ``a`` and ``b``."""
    if a.dtype == torch.float32:
        multiply(a, b, out=out)
    elif a.device.type == "cuda":
        multiply(a, b, torch.float32, out=out)
    else:
        multiply(a.float(), b.float(), out=out)
