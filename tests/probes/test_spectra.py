import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator
from torch import Tensor, nn

from pkbench.models.permutation import Commutation, Identity, random_permutation
from pkbench.models.pk import PKLayer
from pkbench.probes.spectra import (
    WHOLE_LIMIT,
    c_gamma,
    effective_matrix,
    largest_singular_values,
    layer_spectrum,
    product_spectrum,
    sw_edge,
    sw_largest,
    trace_normalised,
)
from tests.probes.models import Sparse

small = st.integers(1, 5)


class Dense(nn.Module):
    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = matrix

    def to_dense(self) -> Tensor:
        return self.matrix


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def sparse_matrix(rows: int, columns: int, p: float, seed: int) -> Tensor:
    mask = torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed)) < p
    return draw(rows, columns, seed=seed + 1) * mask


def random_pk(n1: int, n2_out: int, n2_in: int, seed: int) -> PKLayer:
    layer = PKLayer(
        (n2_out, n2_in),
        n1,
        random_permutation(n1 * n2_in, seed),
        random_permutation(n1 * n2_out, seed + 1),
        bias=True,
        activation="gelu",
    ).double()
    layer.weight.data = draw(n2_out, n2_in, seed=seed)
    return layer


@given(n1=small, n2_out=small, n2_in=small, seed=st.integers(0, 100))
def test_pk_layers_have_the_spectrum_of_their_effective_matrix(n1: int, n2_out: int, n2_in: int, seed: int) -> None:
    layer = random_pk(n1, n2_out, n2_in, seed)
    found = layer_spectrum(layer, largest=1, seed=0)
    expected = torch.linalg.svdvals(layer.to_dense())
    torch.testing.assert_close(found.values.repeat_interleave(found.multiplicity), expected, rtol=1e-9, atol=1e-12)
    assert found.largest == pytest.approx(float(expected[0]))
    assert found.mean_square == pytest.approx(float(expected.square().mean()))
    assert (found.complete, found.method, found.multiplicity) == (True, "kronecker", n1)


def test_permutations_leave_singular_values() -> None:
    random = random_pk(3, 4, 4, seed=0)
    structured = PKLayer((4, 4), 3, Commutation(3, 4), Commutation(4, 3), bias=False, activation="linear").double()
    plain = PKLayer((4, 4), 3, Identity(12), Identity(12), bias=False, activation="linear").double()
    structured.weight.data = plain.weight.data = random.weight.data
    values = [torch.linalg.svdvals(layer.to_dense()) for layer in (random, structured, plain)]
    torch.testing.assert_close(values[0], values[1])
    torch.testing.assert_close(values[0], values[2])


@given(S_in=small, S_out=small, C_in=small, C_out=small)
def test_products_of_factors(S_in: int, S_out: int, C_in: int, C_out: int) -> None:
    W, V = draw(S_out, S_in, seed=S_in), draw(C_in, C_out, seed=C_in)
    found = product_spectrum(V, W)
    expected = torch.linalg.svdvals(torch.from_numpy(np.kron(V.T.numpy(), W.numpy())))
    torch.testing.assert_close(found.values, expected, rtol=1e-9, atol=1e-10)
    assert found.mean_square == pytest.approx(float(expected.square().mean()))


def test_quantiles_are_those_with_all_repetitions() -> None:
    levels = (0.0, 0.1, 0.5, 0.77, 1.0)
    layer = random_pk(3, 4, 5, seed=1)
    every = torch.linalg.svdvals(layer.to_dense()).sort().values
    assert layer_spectrum(layer, largest=1, seed=0).quantiles(levels) == pytest.approx(
        [float(every[max(0, int(np.ceil(level * len(every))) - 1)]) for level in levels]
    )


@pytest.mark.parametrize(("rows", "columns"), [(60, 40), (40, 60), (1, 7), (7, 1)])
def test_small_sparse_layers_have_their_whole_spectrum(rows: int, columns: int) -> None:
    matrix = sparse_matrix(rows, columns, 0.3, seed=2)
    found = layer_spectrum(Sparse(matrix), largest=2, seed=0)
    torch.testing.assert_close(found.values, torch.linalg.svdvals(matrix), rtol=1e-10, atol=1e-12)
    assert (found.method, found.complete, found.multiplicity) == ("dense", True, 1)


def test_columns_without_connections_count() -> None:
    matrix = torch.zeros(3, 5)
    matrix[0, 0] = 2
    assert effective_matrix(Sparse(matrix)).shape == (3, 5)
    assert layer_spectrum(Sparse(matrix), largest=1, seed=0).mean_square == pytest.approx(4 / 3)


def test_large_sparse_layers_have_their_largest_values() -> None:
    matrix = sparse_matrix(WHOLE_LIMIT + 1, 90, 0.05, seed=3)
    expected = torch.linalg.svdvals(matrix)
    found = layer_spectrum(Sparse(matrix.float()), largest=3, seed=0)
    torch.testing.assert_close(found.values, expected[:3], rtol=1e-6, atol=0)
    assert found.mean_square == pytest.approx(float(expected.square().mean()), rel=1e-6)
    assert (found.method, found.complete) == ("lanczos", False)
    with pytest.raises(ValueError, match="only the 3 largest"):
        found.quantiles((0.5,))


@given(rows=st.integers(3, 30), columns=st.integers(3, 30), seed=st.integers(0, 100))
def test_lanczos_against_the_dense_decomposition(rows: int, columns: int, seed: int) -> None:
    matrix = sparse_matrix(rows, columns, 0.5, seed)
    matrix[0, 0] += 1
    expected = torch.linalg.svdvals(matrix)[:2].numpy()
    sparse = effective_matrix(Sparse(matrix))
    np.testing.assert_allclose(largest_singular_values(sparse, 2, seed), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        largest_singular_values(aslinearoperator(sparse), 2, seed), expected, rtol=1e-6, atol=1e-7
    )


def test_equal_calls_give_equal_digits() -> None:
    sparse = effective_matrix(Sparse(sparse_matrix(50, 30, 0.2, seed=0)))
    assert largest_singular_values(sparse, 2, 7).tolist() == largest_singular_values(sparse, 2, 7).tolist()


@pytest.mark.parametrize("k", [0, 3])
def test_lanczos_cannot_find_all(k: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 2 singular values of this matrix, not {k}"):
        largest_singular_values(effective_matrix(Sparse(torch.eye(3))), k, 0)


def test_other_layers_are_made_dense_up_to_a_limit() -> None:
    matrix = draw(4, 6, seed=0)
    found = layer_spectrum(Dense(matrix), largest=1, seed=0)
    torch.testing.assert_close(found.values, torch.linalg.svdvals(matrix))
    assert found.method == "dense"
    with pytest.raises(ValueError, match=f"dense 1 x {WHOLE_LIMIT + 1} matrix is above the limit"):
        layer_spectrum(Dense(torch.zeros(1, WHOLE_LIMIT + 1)), largest=1, seed=0)


def test_edge_formula_has_the_values_computed_by_hand() -> None:
    # gamma = 2, m = 2048, p = 1/64: q^2 = 32, c^2 = 3 + 2 sqrt 2; and gamma = 4, m = 1024: q^2 = 16, c^2 = 9.
    assert sw_edge(2, 2048, 1 / 64, corrected=False) == pytest.approx(2.567, abs=5e-4)
    assert sw_edge(2, 2048, 1 / 64, corrected=True) == pytest.approx(2.492, abs=5e-4)
    assert sw_edge(4, 1024, 1 / 64, corrected=False) == pytest.approx(3.510, abs=5e-4)
    assert sw_edge(4, 1024, 1 / 64, corrected=True) == pytest.approx(3.135, abs=5e-4)


@given(m=st.integers(1, 10**6), p=st.floats(1e-3, 1))
def test_edge_formulas_agree_at_gamma_one_and_when_dense(m: int, p: float) -> None:
    assert sw_edge(1, m, p, corrected=True) == sw_edge(1, m, p, corrected=False) >= 2
    assert sw_edge(2.5, m, 1.0, corrected=True) == pytest.approx(c_gamma(2.5))


def test_simulated_edge_follows_the_corrected_formula() -> None:
    drawn = np.mean([sw_largest(4, 512, 1 / 32, seed) for seed in range(4)])
    assert abs(drawn - sw_edge(4, 512, 1 / 32, corrected=True)) < 0.1
    assert abs(drawn - sw_edge(4, 512, 1 / 32, corrected=False)) > 0.2


def test_simulated_edge_of_a_dense_matrix_is_c_gamma() -> None:
    assert sw_largest(1.5, 400, 1.0, seed=0) == pytest.approx(c_gamma(1.5), abs=0.05)
    assert sw_largest(1.5, 400, 1.0, seed=0) == sw_largest(1.5, 400, 1.0, seed=0)
    assert sw_largest(1.5, 400, 1.0, seed=0) != sw_largest(1.5, 400, 1.0, seed=1)


def test_trace_normalised_of_a_dense_square_matrix_is_two() -> None:
    layer = Dense(draw(300, 300, seed=0) * 17)
    spectrum = layer_spectrum(layer, largest=1, seed=0)
    assert trace_normalised(spectrum.largest, spectrum.mean_square) == pytest.approx(2, abs=0.05)
    assert trace_normalised(3.0, 4.0) == 1.5
