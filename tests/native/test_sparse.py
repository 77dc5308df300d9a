"""Sparse products in C against dense ones in float64, and the layer that uses them with and without them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.models.masks import Mask, draw_mask
from pkbench.models.sparse import SparseLinear
from pkbench.native import sparse
from pkbench.native.library import UnavailableError, library

try:
    library()
except UnavailableError as error:
    pytest.skip(f"no C part here: {error}", allow_module_level=True)


def dense(mask: Mask, values: torch.Tensor) -> torch.Tensor:
    matrix = torch.zeros(mask.n_out, mask.n_in, dtype=torch.float64)
    matrix[mask.row, mask.col] = values.double()
    return matrix


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    samples=st.integers(1, 150),
    density=st.floats(0.01, 1.0),
    seed=st.integers(0, 1000),
)
def test_products_and_gradients_are_the_dense_ones(
    rows: int, columns: int, samples: int, density: float, seed: int
) -> None:
    # With an exact number of ones there is at least one.
    mask = draw_mask("exact", rows, columns, max(density, 1 / (rows * columns)), seed)
    transposed, order = mask.transposed()
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(mask.nnz, generator=generator)
    x, dY = torch.randn(samples, columns, generator=generator), torch.randn(samples, rows, generator=generator)
    packed, packed_dY = sparse.pack(x), sparse.pack(dY)
    matrix = dense(mask, values)
    compare = {"rtol": 1e-5, "atol": 1e-5, "check_dtype": False}
    torch.testing.assert_close(
        sparse.product(mask.crow, mask.col, values, packed, samples), x.double() @ matrix.T, **compare
    )
    back = sparse.product(transposed.crow, transposed.col, values[order], packed_dY, samples)
    torch.testing.assert_close(back, dY.double() @ matrix, **compare)
    expected = (dY.double().T @ x.double())[mask.row, mask.col]
    torch.testing.assert_close(sparse.gradient(mask.crow, mask.col, packed_dY, packed), expected, **compare)


@pytest.mark.parametrize("samples", [3, 33, 100])
@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_no_bit(threads: int, samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "_WORTH_A_THREAD", 1)
    mask = draw_mask("bernoulli", 50, 70, 0.2, 0)
    values, x, dY = torch.randn(mask.nnz), torch.randn(samples, 70), torch.randn(samples, 50)
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, threads):
            torch.set_num_threads(count)
            packed, packed_dY = sparse.pack(x), sparse.pack(dY)
            y = sparse.product(mask.crow, mask.col, values, packed, samples)
            found.append((packed, y, sparse.gradient(mask.crow, mask.col, packed_dY, packed)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_other_numbers_are_left_to_torch() -> None:
    assert sparse.usable(torch.zeros(1))
    assert not sparse.usable(torch.zeros(1), torch.zeros(1, dtype=torch.float64))
    assert not sparse.usable(torch.zeros(1, device="meta"))


def test_a_layer_computes_the_same_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = draw_mask("bernoulli", 60, 80, 0.1, 0)
    layer = SparseLinear(mask, form="sparse", mask_value=2.0, bias=True)
    layer.initialize(0, "layer", "torch-linear")
    inputs = torch.randn(30, 80, generator=torch.Generator().manual_seed(0))
    found = []
    for here in (True, False):
        if not here:
            monkeypatch.setattr(sparse, "available", lambda: False)
        x = inputs.clone().requires_grad_()
        layer.zero_grad()
        y = layer(x)
        y.square().sum().backward()
        assert x.grad is not None
        assert layer.values.grad is not None
        found.append((y.detach(), x.grad, layer.values.grad.clone()))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
