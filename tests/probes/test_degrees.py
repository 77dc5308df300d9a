import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pkbench.models.permutation import random_permutation
from pkbench.models.pk import PKLayer
from pkbench.probes.degrees import DegreeDistance, DegreeSummary, binomial_distance, degree_distance, layer_degrees
from pkbench.probes.degrees import summary as degree_summary
from tests.probes.models import Sparse

small = st.integers(1, 5)


def mask(rows: int, columns: int, p: float, seed: int = 0) -> torch.Tensor:
    return (torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed)) < p).double()


@given(n1=small, n2_out=small, n2_in=small)
def test_pk_degrees_are_those_of_the_effective_matrix(n1: int, n2_out: int, n2_in: int) -> None:
    J1, J2 = random_permutation(n1 * n2_in, 0), random_permutation(n1 * n2_out, 1)
    layer = PKLayer((n2_out, n2_in), n1, J1, J2, bias=False, activation="linear")
    torch.nn.init.ones_(layer.weight)
    dense = layer.to_dense()
    found = layer_degrees(layer)
    assert found.rows.tolist() == (dense != 0).sum(dim=1).tolist()
    assert found.columns.tolist() == (dense != 0).sum(dim=0).tolist()
    assert degree_summary(found.rows) == DegreeSummary(n2_in, 0.0, n2_in, n2_in)


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 100))
def test_sparse_degrees_are_those_of_the_matrix(rows: int, columns: int, seed: int) -> None:
    matrix = mask(rows, columns, 0.3, seed)
    found = layer_degrees(Sparse(matrix))
    assert found.rows.tolist() == matrix.sum(dim=1).tolist()
    assert found.columns.tolist() == matrix.sum(dim=0).tolist()


def test_summary() -> None:
    assert degree_summary(torch.tensor([1, 3, 5, 3])) == DegreeSummary(3.0, 2.0, 1, 5)


def test_distances_by_hand() -> None:
    # Shares of 1, 2, 3: (1/2, 1/2, 0) and (1/4, 1/4, 1/2).
    found = degree_distance(torch.tensor([1, 2]), torch.tensor([1, 2, 3, 3]))
    assert (found.kolmogorov_smirnov, found.total_variation) == (0.5, 0.5)
    # The same distribution functions' distance, but every unit differs.
    apart = degree_distance(torch.tensor([1, 3]), torch.tensor([2, 4]))
    assert (apart.kolmogorov_smirnov, apart.total_variation) == (0.5, 1.0)
    assert degree_distance(torch.tensor([2, 7]), torch.tensor([7, 2, 2, 7])) == DegreeDistance(0.0, 0.0)


degrees = st.lists(st.integers(0, 6), min_size=1, max_size=12).map(torch.tensor)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # of scipy's p value
@given(a=degrees, b=degrees)
def test_statistic_is_scipys(a: torch.Tensor, b: torch.Tensor) -> None:
    expected = stats.ks_2samp(a.numpy(), b.numpy(), method="asymp").statistic
    assert degree_distance(a, b).kolmogorov_smirnov == pytest.approx(expected, abs=1e-12)


def test_distance_from_a_binomial_by_hand() -> None:
    # Binomial(2, 1/2): 1/4, 1/2, 1/4 against all units having 1.
    found = binomial_distance(torch.tensor([1, 1, 1]), 2, 0.5)
    assert found.total_variation == pytest.approx(0.5)
    assert found.kolmogorov_smirnov == pytest.approx(0.25)
    none = binomial_distance(torch.tensor([0, 1, 1, 2]), 2, 0.5)
    assert (none.kolmogorov_smirnov, none.total_variation) == pytest.approx((0, 0), abs=1e-12)
    with pytest.raises(ValueError, match="3 connections, but only 2"):
        binomial_distance(torch.tensor([3]), 2, 0.5)


def test_a_bernoulli_mask_is_binomial_and_a_pk_layer_is_not() -> None:
    n, p = 400, 1 / 20
    rows = layer_degrees(Sparse(mask(3000, n, p))).rows
    # 1.63 / sqrt(n) is the one per cent bound of the continuous statistic, which is conservative with ties.
    assert binomial_distance(rows, n, p).kolmogorov_smirnov < 1.63 / 3000**0.5
    exact = torch.full((3000,), 20)
    middle = stats.binom.pmf(20, n, p)
    assert binomial_distance(exact, n, p).total_variation == pytest.approx(1 - middle)
    assert degree_distance(exact, rows).total_variation == pytest.approx(1 - middle, abs=0.03)
