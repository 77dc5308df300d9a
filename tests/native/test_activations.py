"""phi and phi' of the C part against PyTorch in float64, entry by entry."""

import ctypes
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.native.compiled import compiled

PROGRAM = """
#include "activations.h"
__attribute__((visibility("default"))) void both(int kind, int64_t n, float bias, float *values, float *slopes) {
    activate(0, kind, n, bias, values, slopes);
}
"""
GELU, RELU, LINEAR = 0, 1, 2
Both = Callable[[int, Tensor, float], tuple[Tensor, Tensor]]


@pytest.fixture(scope="module", params=["", "-mno-avx512f", "-mno-avx"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """phi(x + bias) and phi' there, compiled for this processor and for lesser ones."""
    folder = tmp_path_factory.mktemp("activations")
    (folder / "both.c").write_text(PROGRAM, encoding="utf-8")
    function = compiled([folder / "both.c"], folder, *request.param.split()).both
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_float, ctypes.c_void_p, ctypes.c_void_p)

    def call(kind: int, x: Tensor, bias: float) -> tuple[Tensor, Tensor]:
        beside = torch.full((64,), 7.0)
        values, slopes = torch.cat([x, beside]), torch.cat([torch.full_like(x, math.nan), beside])
        function(kind, x.numel(), bias, values.data_ptr(), slopes.data_ptr())
        assert torch.equal(values[x.numel() :], beside)
        assert torch.equal(slopes[x.numel() :], beside)
        return values[: x.numel()], slopes[: x.numel()]

    return call


@pytest.mark.parametrize("bias", [0.0, -0.75])
def test_gelu_is_the_exact_one(both: Both, bias: float) -> None:
    x = torch.cat([torch.linspace(-12, 12, 2**18), torch.logspace(-30, 30, 2**10), -torch.logspace(-30, 30, 2**10)])
    values, slopes = both(GELU, x, bias)
    exact = (x + bias).double().requires_grad_()
    expected = F.gelu(exact)
    (slope,) = torch.autograd.grad(expected.sum(), exact)
    assert ((values - expected).abs() / exact.abs().clamp(min=1)).max() < 1.5e-7
    assert (slopes - slope).abs().max() < 3e-7
    near = exact.abs() < 1
    assert (values / expected - 1)[near & (exact != 0)].abs().max() < 6e-7


def test_what_is_no_number_stays_none(both: Both) -> None:
    x = torch.tensor([math.nan, math.inf, 0.0, -0.0] * 4)
    values, slopes = both(GELU, x, 0.0)
    assert values[:4].isnan().tolist() == [True, False, False, False]
    assert values[1] == math.inf
    assert slopes[1] == 1
    rectified, _ = both(RELU, x, 0.0)
    assert rectified[:4].isnan().tolist() == [True, False, False, False]
    assert rectified[1] == math.inf


def test_relu_and_nothing(both: Both) -> None:
    x = torch.randn(64, generator=torch.Generator().manual_seed(1))
    values, slopes = both(RELU, x, 0.5)
    assert torch.equal(values, torch.relu(x + 0.5))
    assert torch.equal(slopes, (x + 0.5 > 0).float())
    values, slopes = both(LINEAR, x, 0.5)
    assert torch.equal(values, x + 0.5)
    assert slopes.isnan().all()


@pytest.mark.parametrize("count", range(16, 161, 16))
def test_any_count_of_vectors(both: Both, count: int) -> None:
    x = torch.randn(160, generator=torch.Generator().manual_seed(2))
    whole = both(GELU, x, 0.1)
    for part, expected in zip(both(GELU, x[:count], 0.1), whole, strict=True):
        assert torch.equal(part, expected[:count])
