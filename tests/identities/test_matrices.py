"""The explicit matrices, against other ways to write them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkbench.models.permutation import Commutation, random_permutation
from pkbench.probes.identities.draw import Draw, draws
from pkbench.probes.identities.matrices import commutation_matrix, difference, kron, permutation_matrix, vec
from pkbench.probes.identities.monarch import block_diagonal, monarch_matrix
from tests.models import reference

sizes = st.integers(1, 6)


@given(S=sizes, C=sizes, seed=st.integers(0, 9))
def test_matrices_are_the_slow_ones(S: int, C: int, seed: int) -> None:
    X = Draw(seed, 1).normal(S, C)
    assert torch.equal(vec(X), reference.vec(X))
    assert torch.equal(commutation_matrix(S, C), reference.commutation_matrix(S, C))
    for J in (random_permutation(S * C, seed), Commutation(S, C)):
        assert torch.equal(permutation_matrix(J), reference.permutation_matrix(J.index))


@given(shape=st.tuples(sizes, sizes, sizes, sizes), seed=st.integers(0, 9))
def test_kron_entry_by_entry(shape: tuple[int, int, int, int], seed: int) -> None:
    a, b, c, d = shape
    draw = Draw(seed, 1)
    # A transposed view, as most callers have it.
    A, B = draw.normal(b, a).T, draw.normal(c, d)
    product = kron(A, B)
    assert product.shape == (a * c, b * d)
    for i in range(a * c):
        for j in range(b * d):
            assert product[i, j] == A[i // c, j // d] * B[i % c, j % d]


def test_difference_is_relative_above_one_only() -> None:
    assert difference(torch.tensor([10.0, 101.0]), torch.tensor([10.0, 100.0])) == pytest.approx(0.01)
    assert difference(torch.tensor([0.02]), torch.tensor([0.01])) == pytest.approx(0.01)


def test_monarch_matrix_of_four_by_hand() -> None:
    """Dao et al. for n = 4: R mixes neighbours, L mixes what lies two apart."""
    L = [torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double(), torch.tensor([[5.0, 6.0], [7.0, 8.0]]).double()]
    R = [torch.eye(2).double(), torch.eye(2).double()]
    wanted = torch.tensor([[1, 0, 2, 0], [0, 5, 0, 6], [3, 0, 4, 0], [0, 7, 0, 8]]).double()
    assert torch.equal(monarch_matrix(L, R), wanted)
    assert torch.equal(block_diagonal(L)[:2, 2:], torch.zeros(2, 2).double())


def test_draws_depend_on_name_seed_and_number_alone() -> None:
    def numbers(check: str, seed: int, count: int) -> list[float]:
        return [draw.uniform(0, 1) for draw in draws(check, seed, count, 5)]

    assert numbers("vec", 0, 3) == numbers("vec", 0, 5)[:3]
    assert len(set(numbers("vec", 0, 5) + numbers("vec", 1, 5) + numbers("s-mixer", 0, 5))) == 15


def test_draws_keep_to_their_ranges_and_reach_the_ends() -> None:
    some = list(draws("vec", 0, 200, 4))
    assert {draw.size() for draw in some} == {1, 2, 3, 4}
    assert all(2 <= draw.log_uniform(2, 8) < 8 for draw in some)
    assert {float(draw.signs()) for draw in some} == {1.0, -1.0}
