from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.probes.cka import CkaAccumulator, hsic1, u_centred


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gram(X: Tensor) -> Tensor:
    return X @ X.T


def hsic1_as_printed(K: Tensor, L: Tensor) -> float:
    """Eq. 3 of Nguyen et al. 2021 with explicit matrices."""
    n = len(K)
    one = torch.ones(n, 1, dtype=torch.float64)
    off = torch.ones(n, n, dtype=torch.float64) - torch.eye(n, dtype=torch.float64)
    K, L = K * off, L * off
    total = torch.trace(K @ L) + (one.T @ K @ one) * (one.T @ L @ one) / ((n - 1) * (n - 2))
    return float((total - 2 / (n - 2) * one.T @ K @ L @ one) / (n * (n - 3)))


def hsic1_as_u_statistic(K: Tensor, L: Tensor) -> float:
    """Song et al. 2012, eq. 5: the mean over distinct i, j, q, r of K_ij (L_ij + L_qr - 2 L_iq)."""
    quadruples = list(permutations(range(len(K)), 4))
    return float(sum(K[i, j] * (L[i, j] + L[q, r] - 2 * L[i, q]) for i, j, q, r in quadruples)) / len(quadruples)


def cka_as_printed(batches_a: list[list[Tensor]], batches_b: list[list[Tensor]]) -> Tensor:
    """Eq. 2: each HSIC averaged over mini-batches, pair by pair of layers."""

    def mean_hsic(one: list[list[Tensor]], i: int, other: list[list[Tensor]], j: int) -> float:
        each = [hsic1_as_printed(gram(a[i].flatten(1)), gram(b[j].flatten(1))) for a, b in zip(one, other, strict=True)]
        return sum(each) / len(each)

    rows = []
    for i in range(len(batches_a[0])):
        self_a = mean_hsic(batches_a, i, batches_a, i)
        row = []
        for j in range(len(batches_b[0])):
            self_b = mean_hsic(batches_b, j, batches_b, j)
            row.append(mean_hsic(batches_a, i, batches_b, j) / (self_a * self_b) ** 0.5)
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


def cka(a: list[Tensor], b: list[Tensor]) -> Tensor:
    accumulator = CkaAccumulator(len(a), len(b))
    accumulator.update(a, b)
    return accumulator.matrix()


@given(n=st.integers(4, 9), features=st.integers(1, 6), seed=st.integers(0, 1000))
def test_hsic_is_the_printed_formula(n: int, features: int, seed: int) -> None:
    K, L = gram(draw(n, features, seed=seed)), gram(draw(n, 3, seed=seed + 1))
    scale = float(K.abs().max() * L.abs().max())
    assert hsic1(K, L) == pytest.approx(hsic1_as_printed(K, L), rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_hsic_is_the_u_statistic(n: int) -> None:
    K, L = gram(draw(n, 3, seed=1)), gram(draw(n, 2, seed=2))
    assert hsic1(K, L) == pytest.approx(hsic1_as_u_statistic(K, L), rel=1e-10)


@given(n=st.integers(4, 9), seed=st.integers(0, 1000))
def test_u_centred_rows_sum_to_zero_and_centring_again_changes_nothing(n: int, seed: int) -> None:
    centred = u_centred(gram(draw(n, 3, seed=seed)))
    torch.testing.assert_close(centred.sum(dim=1), torch.zeros(n, dtype=torch.float64), atol=1e-10, rtol=0)
    torch.testing.assert_close(u_centred(centred), centred, atol=1e-10, rtol=0)
    assert not centred.diagonal().any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_centring_is_float64_and_leaves_its_argument(dtype: torch.dtype) -> None:
    K = gram(draw(6, 3, seed=0)).to(dtype)
    before = K.clone()
    assert torch.equal(u_centred(K), u_centred(K.double()))
    assert torch.equal(K, before)


def test_full_matrix_over_mini_batches_of_different_size() -> None:
    a = [[draw(n, 2, 3, seed=10 * n + i) for i in range(3)] for n in (8, 8, 6)]
    b = [
        [layer.flatten(1) @ draw(6, 4, seed=j) + draw(len(layer), 4, seed=j + n) for j, layer in enumerate(layers[:2])]
        for n, layers in enumerate(a)
    ]
    accumulator = CkaAccumulator(3, 2)
    for layers_a, layers_b in zip(a, b, strict=True):
        accumulator.update(layers_a, layers_b)
    assert accumulator.batches == 3
    expected = cka_as_printed(a, b)
    assert expected.shape == (3, 2)
    torch.testing.assert_close(accumulator.matrix(), expected, rtol=1e-10, atol=1e-12)


def test_mini_batches_tend_to_one_batch_of_everything() -> None:
    X = draw(512, 4, seed=3)
    a, b = X, X @ draw(4, 4, seed=4) + draw(512, 4, seed=5)
    whole = float(cka([a], [b])[0, 0])
    accumulator = CkaAccumulator(1, 1)
    # Ten passes in other orders, as Nguyen et al. do on their test set.
    for order in range(10):
        shuffled = torch.randperm(512, generator=torch.Generator().manual_seed(order))
        for part in shuffled.split(64):
            accumulator.update([a[part]], [b[part]])
    assert float(accumulator.matrix()[0, 0]) == pytest.approx(whole, abs=0.01)
    assert 0.3 < whole < 0.9


@given(n=st.integers(5, 12), features=st.integers(2, 6), seed=st.integers(0, 1000))
def test_value_is_one_for_itself_and_invariant(n: int, features: int, seed: int) -> None:
    X, Y = draw(n, features, seed=seed), draw(n, 5, seed=seed + 1)
    rotation, _ = torch.linalg.qr(draw(features, features, seed=seed + 2))
    moved = 7.5 * X @ rotation + 3
    values = cka([X, moved], [X, Y])
    torch.testing.assert_close(values[:, 0], torch.ones(2, dtype=torch.float64), rtol=1e-9, atol=0)
    torch.testing.assert_close(values[1], values[0], rtol=1e-8, atol=1e-9)


def test_other_linear_maps_do_change_it() -> None:
    X = draw(32, 4, seed=0)
    assert float(cka([X], [X * torch.tensor([1.0, 5.0, 0.1, 1.0])])[0, 0]) < 0.9


def test_independent_features_have_expectation_zero() -> None:
    n = 8
    pairs = [(gram(draw(n, 20, seed=2 * s)), gram(draw(n, 20, seed=2 * s + 1))) for s in range(400)]
    unbiased = np.array([hsic1(K, L) for K, L in pairs])
    H = torch.eye(n, dtype=torch.float64) - 1 / n
    biased = np.array([float(torch.trace(K @ H @ L @ H)) / (n - 1) ** 2 for K, L in pairs])
    assert abs(unbiased.mean()) < 4 * unbiased.std(ddof=1) / 20
    assert biased.mean() > 20 * biased.std(ddof=1) / 20


def test_float32_features_are_summed_in_float64() -> None:
    X = draw(16, 40, seed=1).float()
    Y = draw(16, 40, seed=2).float()
    values = cka([X + 1000], [Y + 1000])
    exact = cka([(X + 1000).double()], [(Y + 1000).double()])
    assert values.dtype == torch.float64
    torch.testing.assert_close(values, exact, rtol=0, atol=0)
    # Squared sums of 1000s have no digits left for the differences in float32.
    assert float(values[0, 0]) == pytest.approx(float(cka([X.double()], [Y.double()])[0, 0]), abs=1e-3)


def test_constant_features_have_no_cka() -> None:
    values = cka([torch.full((6, 3), 0.1), draw(6, 3, seed=0)], [draw(6, 2, seed=1)])
    assert values[0].isnan().all()
    assert values[1].isfinite().all()


def test_wrong_input_is_refused() -> None:
    accumulator = CkaAccumulator(1, 2)
    X = draw(4, 2, seed=0)
    with pytest.raises(ValueError, match="at least one mini-batch"):
        accumulator.matrix()
    with pytest.raises(ValueError, match="expected 1 and 2 layers, not 1 and 1"):
        accumulator.update([X], [X])
    with pytest.raises(ValueError, match=r"same samples, but there are \[4, 5\]"):
        accumulator.update([X], [X, draw(5, 2, seed=0)])
    with pytest.raises(ValueError, match="at least 4 samples, not 3"):
        accumulator.update([X[:3]], [X[:3], X[:3]])
    with pytest.raises(ValueError, match="4 and 5 samples"):
        hsic1(gram(X), gram(draw(5, 2, seed=0)))
    assert accumulator.batches == 0
