import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkbench.models.permutation import Commutation, Identity, Permute, Shuffle, compose, random_permutation
from tests.models.reference import commutation_matrix, permutation_matrix, vec

sizes = st.integers(1, 9)


def all_kinds(S: int, C: int, seed: int) -> list[Identity | Commutation | Shuffle]:
    return [Identity(S * C), Commutation(S, C), Commutation(C, S), random_permutation(S * C, seed)]


@given(S=sizes, C=sizes)
def test_commutation_is_the_matrix_of_def_3_1(S: int, C: int) -> None:
    X = torch.randn(S, C, dtype=torch.float64)
    J = Commutation(S, C)
    assert torch.equal(permutation_matrix(J.index), commutation_matrix(S, C))
    assert torch.equal(Permute(J)(vec(X)[None])[0], vec(X.T))


@given(S=sizes, C=sizes)
def test_conjugation_by_commutation_swaps_the_kronecker_factors(S: int, C: int) -> None:
    V = torch.randn(C, C, dtype=torch.float64)
    J = commutation_matrix(S, C)
    identity = torch.eye(S, dtype=torch.float64)
    assert torch.allclose(J.T @ torch.kron(identity, V.T.contiguous()) @ J, torch.kron(V.T.contiguous(), identity))


@given(S=sizes, C=sizes, seed=st.integers(0, 5))
def test_applying_equals_the_matrix_and_inverse_undoes_it(S: int, C: int, seed: int) -> None:
    x = torch.randn(3, S * C, dtype=torch.float64)
    for permutation in all_kinds(S, C, seed):
        moved = Permute(permutation)(x)
        assert torch.equal(moved, x @ permutation_matrix(permutation.index).T)
        assert torch.equal(Permute(permutation.inverse)(moved), x)


@given(S=sizes, C=sizes, seed=st.integers(0, 5))
def test_composition_is_the_product(S: int, C: int, seed: int) -> None:
    for outer in all_kinds(S, C, seed):
        for inner in all_kinds(S, C, seed + 1):
            product = permutation_matrix(outer.index) @ permutation_matrix(inner.index)
            assert torch.equal(permutation_matrix(compose(outer, inner).index), product)


def test_composition_keeps_structure() -> None:
    assert compose(Commutation(3, 4), Commutation(4, 3)) == Identity(12)
    assert compose(Identity(12), Commutation(4, 3)) == Commutation(4, 3)
    with pytest.raises(ValueError, match="12 and 6"):
        compose(Identity(12), Identity(6))


def test_random_permutation_depends_on_its_seed_alone() -> None:
    first = random_permutation(50, 7)
    torch.manual_seed(1)
    torch.randn(10)
    assert torch.equal(first.index, random_permutation(50, 7).index)
    assert not torch.equal(first.index, random_permutation(50, 8).index)
    assert torch.equal(first.index.sort().values, torch.arange(50))


def test_every_permutation_of_three_is_equally_likely() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for seed in range(1200):
        key = tuple(random_permutation(3, seed).index.tolist())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 6
    # 200 each; five standard deviations of a binomial count are about 65.
    assert all(135 < n < 265 for n in counts.values())


def test_gather_has_first_and_second_derivatives() -> None:
    x = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    layer = Permute(random_permutation(6, 3))
    assert torch.autograd.gradcheck(lambda x: layer(x) ** 3, (x,))
    assert torch.autograd.gradgradcheck(lambda x: layer(x) ** 3, (x,))
