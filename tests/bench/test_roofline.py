from dataclasses import replace

import pytest

from pkbench.bench.cases import CASES
from pkbench.bench.roofline import Gemm, floor, own_gemms, step_bytes, step_flops
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.sparse import SparseShape
from tests.bench.small import MIXER, RATES, S_MIXER, SPARSE, rate

SHAPE = MIXER.shape()
assert isinstance(SHAPE, MixerShape)


def test_products_of_a_mixing_block() -> None:
    # 8 images of 4 tokens and 6 channels, hidden widths 10 and 15, two layers.
    expected = [Gemm(48, 4, 10), Gemm(48, 10, 4), Gemm(32, 6, 15), Gemm(32, 15, 6)]
    assert own_gemms(SHAPE, 8) == [(gemm, 2) for gemm in expected]
    assert own_gemms(S_MIXER.shape(), 8) == [(Gemm(48, 4, 4), 2), (Gemm(32, 6, 6), 2)]
    assert own_gemms(SPARSE.shape(), 8) == []
    assert (Gemm(2, 3, 5).flops, Gemm(2, 3, 5).name) == (60, "gemm 2x3x5")


@pytest.mark.parametrize("case", [case for case in CASES if case.kind != "sw-mlp"], ids=lambda case: case.name)
def test_products_make_up_the_blocks(case) -> None:  # type: ignore[no-untyped-def]
    shape = case.shape()
    forward = sum(gemm.flops * times for gemm, times in own_gemms(shape, case.batch))
    assert forward == 2 * case.batch * shape.block_connections


def test_operations_of_a_step_by_hand() -> None:
    # Connections: patches 4*48*6; a base block 2*(6*4*10) + 2*(4*6*15); the classifier 6*10.
    reading, block, classifier = 4 * 48 * 6, 2 * 6 * 4 * 10 + 2 * 4 * 6 * 15, 60
    products = 2 * reading + 3 * (2 * block + classifier)
    assert step_flops(SHAPE, 8) == 8 * 2 * products


def test_bytes_of_a_step() -> None:
    activations, parameters = SHAPE.activation_floats, SHAPE.parameters
    assert step_bytes(SHAPE, 8, "fp32") == 2 * 4 * 8 * activations + 40 * parameters
    assert step_bytes(SHAPE, 8, "bf16") == 2 * 2 * 8 * activations + 40 * parameters


def test_the_floor_is_the_larger_of_computing_and_moving() -> None:
    found = floor(SHAPE, 8, "fp32", RATES)
    assert found.compute_seconds == step_flops(SHAPE, 8) / 1e9
    assert found.memory_seconds == step_bytes(SHAPE, 8, "fp32") / 1e8
    assert found.seconds == found.memory_seconds > found.compute_seconds
    assert found.own_gemm_seconds is None
    fast_memory = (*RATES[:2], rate("copy", 1e15))
    assert floor(SHAPE, 8, "fp32", fast_memory).seconds == found.compute_seconds
    assert floor(SHAPE, 8, "bf16", RATES).compute_seconds == 2 * found.compute_seconds


def test_the_ceiling_is_the_best_product() -> None:
    faster = (*RATES, rate("gemm 48x4x10", 4e9))
    assert floor(SHAPE, 8, "fp32", faster).compute_seconds == step_flops(SHAPE, 8) / 4e9


def test_own_products_weigh_by_their_operations() -> None:
    speeds = {gemm.name: 1e6 * (i + 1) for i, (gemm, _) in enumerate(own_gemms(SHAPE, 8))}
    rates = (*RATES, *(rate(name, speed) for name, speed in speeds.items()))
    mixing = sum(2 * gemm.flops / speeds[gemm.name] for gemm, _ in own_gemms(SHAPE, 8))
    forward = sum(2 * gemm.flops for gemm, _ in own_gemms(SHAPE, 8))
    assert floor(SHAPE, 8, "fp32", rates).own_gemm_seconds == pytest.approx(mixing * step_flops(SHAPE, 8) / forward)


def test_only_connections_count_in_an_sw_mlp() -> None:
    sparse, dense = SPARSE.shape(), replace(SPARSE, p=1.0).shape()
    assert isinstance(sparse, SparseShape)
    assert isinstance(dense, SparseShape)
    rest = 2 * (2 * 4 * 48 * 6 + 3 * 60)
    assert (step_flops(sparse, 1) - rest) * 4 == step_flops(dense, 1) - rest
