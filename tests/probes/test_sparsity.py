import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.probes.sparsity import Sparsity, matrix_sparsity, product_sparsity

EPS = 0.1
small = st.integers(1, 5)


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def by_definition(entries: Tensor, eps: float) -> Sparsity:
    """Every measure entry by entry."""
    x = [abs(entry) for entry in entries.flatten().tolist()]
    n, l1, l2 = len(x), math.fsum(x), math.sqrt(math.fsum(entry**2 for entry in x))
    return Sparsity(
        n=n,
        l1=l1,
        l2=l2,
        l1_ratio=l1 / (l2 * math.sqrt(n)),
        hoyer=(math.sqrt(n) - l1 / l2) / (math.sqrt(n) - 1) if n > 1 else math.nan,
        participation=l2**4 / math.fsum(entry**4 for entry in x) / n,
        small=sum(entry < eps * max(x) for entry in x) / n,
    )


def assert_equal(found: Sparsity, expected: Sparsity) -> None:
    assert [getattr(found, name) for name in Sparsity.__slots__] == pytest.approx(
        [getattr(expected, name) for name in Sparsity.__slots__], rel=1e-9, nan_ok=True
    )


@given(rows_V=small, columns_V=small, rows_W=small, columns_W=small, seed=st.integers(0, 1000))
def test_products_measures_are_those_of_the_formed_product(
    rows_V: int, columns_V: int, rows_W: int, columns_W: int, seed: int
) -> None:
    V, W = draw(rows_V, columns_V, seed=seed), draw(rows_W, columns_W, seed=seed + 1)
    assert_equal(product_sparsity(V, W, EPS), by_definition(torch.kron(V, W), EPS))


@given(rows=small, columns=small, seed=st.integers(0, 1000))
def test_matrix_measures_are_their_definitions(rows: int, columns: int, seed: int) -> None:
    matrix = draw(rows, columns, seed=seed)
    assert_equal(matrix_sparsity(matrix, EPS), by_definition(matrix, EPS))


def test_zeros_are_small() -> None:
    V, W = torch.tensor([[0.0, 1.0, 2.0]]), torch.tensor([[1.0], [0.0], [0.01]])
    found = product_sparsity(V, W, EPS)
    assert found.small == 7 / 9
    assert_equal(found, by_definition(torch.kron(V, W), EPS))


def test_an_entry_of_just_eps_is_not_small() -> None:
    assert matrix_sparsity(torch.tensor([1.0, 0.5, 0.25]), 0.5).small == 1 / 3


def test_extremes() -> None:
    one_hot = matrix_sparsity(torch.eye(16)[0], EPS)
    assert (one_hot.l1_ratio, one_hot.hoyer, one_hot.participation, one_hot.small) == (1 / 4, 1.0, 1 / 16, 15 / 16)
    flat = matrix_sparsity(torch.full((4, 4), -3.0), EPS)
    assert (flat.l1_ratio, flat.hoyer, flat.participation, flat.small) == (1.0, 0.0, 1.0, 0.0)
    assert (flat.l1, flat.l2) == (48.0, 12.0)


@pytest.mark.parametrize("scale", [1e-120, 1e-3, 1e120])
def test_scale_changes_only_the_norms(scale: float) -> None:
    W = draw(5, 7, seed=0)
    found, plain = product_sparsity(W * scale, W, EPS), product_sparsity(W, W, EPS)
    assert_equal(
        Sparsity(
            found.n, found.l1 / scale, found.l2 / scale, found.l1_ratio, found.hoyer, found.participation, found.small
        ),
        plain,
    )


def test_large_products_are_not_formed() -> None:
    V = draw(1000, 1000, seed=0).float()
    found = product_sparsity(V, V, 1e-3)  # 10^12 entries
    assert found.n == 10**12
    # Of normal entries: E|x| / sqrt(E x^2) = sqrt(2/pi), E x^4 = 3 (E x^2)^2, squared for the product.
    assert found.l1_ratio == pytest.approx(2 / math.pi, rel=0.01)
    assert found.participation == pytest.approx(1 / 9, rel=0.02)


@pytest.mark.parametrize("matrix", [torch.zeros(2, 2), torch.tensor([1.0, math.nan]), torch.tensor([math.inf])])
def test_matrices_without_measures_are_refused(matrix: Tensor) -> None:
    with pytest.raises(ValueError, match="finite entries that are not all zero"):
        product_sparsity(matrix, torch.ones(1), EPS)
    with pytest.raises(ValueError, match="finite entries that are not all zero"):
        product_sparsity(torch.ones(1), matrix, EPS)


def test_eps_is_positive() -> None:
    with pytest.raises(ValueError, match="eps must be positive"):
        matrix_sparsity(torch.ones(2), 0.0)
