"""phi and phi' of the C part against PyTorch in float64, entry by entry."""

import ctypes
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.native.coarse import gelu_to_be_rounded
from tests.native.compiled import compiled

PROGRAM = """
#include "activations.h"
__attribute__((visibility("default"))) void both(int kind, int64_t n, float bias, float *values, float *slopes) {
    activate(0, kind, n, bias, values, slopes);
}
__attribute__((visibility("default"))) void rounded_both(int kind, int64_t n, float bias, float *values, uint16_t *slopes) {
    activate(1, kind, n, bias, values, slopes);
}
"""
GELU, RELU, LINEAR = 0, 1, 2
Both = Callable[[int, Tensor, float], tuple[Tensor, Tensor]]


@pytest.fixture(scope="module", params=["", "-mno-avx512f", "-mno-avx"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The program, compiled for this processor and for lesser ones."""
    folder = tmp_path_factory.mktemp("activations")
    (folder / "both.c").write_text(PROGRAM, encoding="utf-8")
    return compiled([folder / "both.c"], folder, *request.param.split())


@pytest.fixture(scope="module")
def both(made: ctypes.CDLL) -> Both:
    """phi(x + bias) and phi' there."""
    return caller(made.both, torch.float32)


@pytest.fixture(scope="module")
def rounded_both(made: ctypes.CDLL) -> Both:
    """The same for what is rounded afterwards; phi' is."""
    return caller(made.rounded_both, torch.bfloat16)


def caller(function: Any, kept: torch.dtype) -> Both:
    """``function``, whose slopes are ``kept``; what lies beside must stay."""
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_float, ctypes.c_void_p, ctypes.c_void_p)

    def call(kind: int, x: Tensor, bias: float) -> tuple[Tensor, Tensor]:
        beside = torch.full((64,), 7.0)
        values, slopes = torch.cat([x, beside]), torch.cat([torch.full_like(x, math.nan), beside]).to(kept)
        function(kind, x.numel(), bias, values.data_ptr(), slopes.data_ptr())
        assert torch.equal(values[x.numel() :], beside)
        assert torch.equal(slopes[x.numel() :], beside.to(kept))
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


def test_before_rounding_gelu_is_off_by_a_hundredth_of_it(rounded_both: Both) -> None:
    x = torch.cat([torch.linspace(-12, 12, 2**18), torch.logspace(-30, 30, 2**10), -torch.logspace(-30, 30, 2**10)])
    values, slopes = rounded_both(GELU, x, 0.0)
    exact = x.double().requires_grad_()
    expected = F.gelu(exact)
    (slope,) = torch.autograd.grad(expected.sum(), exact)
    assert ((values - expected).abs() / exact.abs().clamp(min=1)).max() < 1.6e-5
    # Half the distance of two numbers of bfloat16 above 1.
    assert (slopes - slope).abs().max() < 2**-8 + 3.1e-5
    near = exact.abs() < 0.07
    assert (values / expected - 1)[near & (exact != 0)].abs().max() < 5e-4
    usual = torch.randn(2**18, generator=torch.Generator().manual_seed(0))
    values, _ = rounded_both(GELU, usual, 0.0)
    expected = F.gelu(usual.double())
    off, rounded = (torch.linalg.vector_norm(found - expected) for found in (values, expected.bfloat16()))
    assert off < rounded / 100


def test_the_twin_has_the_same_coarse_gelu(rounded_both: Both, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["made"] != "":
        pytest.skip("the twin has what this processor has")
    x = torch.linspace(-6, 6, 2**14, dtype=torch.float64).float()
    values, slopes = rounded_both(GELU, x, 0.0)
    twins = x.double().requires_grad_()
    expected = gelu_to_be_rounded(twins)
    (slope,) = torch.autograd.grad(expected.sum(), twins)
    # Between two pieces either may be taken.
    assert ((values - expected).abs() < 1e-6).double().mean() > 0.999
    assert ((slopes - slope).abs() <= slope.abs() * 2**-8 + 1e-6).double().mean() > 0.999


@pytest.mark.parametrize("kind", [GELU, RELU])
def test_before_rounding_no_number_stays_none(rounded_both: Both, kind: int) -> None:
    values, slopes = rounded_both(kind, torch.tensor([math.nan, math.inf, -math.inf, 0.0] * 4), 0.0)
    assert values[:2].isnan().tolist() == [True, False]
    assert values[1] == math.inf
    assert slopes[1] == 1
    assert values[2:4].tolist() == pytest.approx([0.0, 0.0], abs=1e-5)
    assert values[3] == 0


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
