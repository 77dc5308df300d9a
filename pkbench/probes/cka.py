"""Mini-batch CKA of Nguyen et al. 2021 (eq. 2-3): how alike the features of two models' layers are.

The unbiased ``HSIC_1`` of two Gram matrices is a plain inner product after each has been U-centred (Székely & Rizzo
2014), so a mini-batch costs one Gram matrix a layer and one matrix product for all pairs of layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def hsic1(K: Tensor, L: Tensor) -> float:
    """Unbiased ``HSIC_1`` of two Gram matrices ``(n, n)`` of the same ``n`` samples, eq. 3 of Nguyen et al. 2021.

    With zeroed diagonals it is ``[tr(K L) + (1'K1)(1'L1)/((n-1)(n-2)) - 2/(n-2) 1'KL1] / (n (n-3))``. Diagonals do
    not enter.

    Raises:
        ValueError: the shapes differ or ``n`` is below 4.
    """
    if K.shape != L.shape:
        raise ValueError(f"Gram matrices of {len(K)} and {len(L)} samples cannot be compared")
    return float((u_centred(K) * u_centred(L)).sum()) / _divisor(len(K))


def u_centred(K: Tensor) -> Tensor:
    """``K`` of ``(n, n)`` minus its row and column means, in float64, such that rows sum to 0 without the diagonal.

    Off the diagonal ``K_ij - k_i/(n-2) - k_j/(n-2) + k/((n-1)(n-2))``, where ``k_i`` is a row's sum and ``k`` the sum
    of all, both without the diagonal; on the diagonal 0.

    Raises:
        ValueError: ``n`` is below 4.
    """
    n = len(K)
    if n < 4:
        raise ValueError(f"unbiased HSIC needs at least 4 samples, not {n}")
    off_diagonal = K.double().clone().fill_diagonal_(0)
    rows = off_diagonal.sum(dim=1) / (n - 2)
    centred = off_diagonal - rows[:, None] - rows[None, :] + rows.sum() / (n - 1)
    return centred.fill_diagonal_(0)


def _divisor(n: int) -> int:
    """What the inner product of two U-centred matrices of ``n`` samples is divided by."""
    return n * (n - 3)


class CkaAccumulator:
    """CKA of every layer of model a with every layer of model b, mini-batch by mini-batch.

    Each of the three HSICs is averaged over mini-batches before they are put together (eq. 2), every mini-batch with
    the same weight. All sums are float64, whatever the features are.
    """

    def __init__(self, n_a: int, n_b: int) -> None:
        self.n_a = n_a
        self.n_b = n_b
        self.batches = 0
        self._cross = torch.zeros(n_a, n_b, dtype=torch.float64)
        self._self_a = torch.zeros(n_a, dtype=torch.float64)
        self._self_b = torch.zeros(n_b, dtype=torch.float64)

    def update(self, features_a: Sequence[Tensor], features_b: Sequence[Tensor]) -> None:
        """Add one mini-batch: the features ``(n, ...)`` of its same ``n`` samples in both models' layers.

        Raises:
            ValueError: the number of layers is not the announced one, samples differ in number or are fewer than 4.
        """
        if (len(features_a), len(features_b)) != (self.n_a, self.n_b):
            raise ValueError(f"expected {self.n_a} and {self.n_b} layers, not {len(features_a)} and {len(features_b)}")
        sizes = {len(features) for features in (*features_a, *features_b)}
        if len(sizes) != 1:
            raise ValueError(f"all layers need the same samples, but there are {sorted(sizes)} of them")
        a, b = _centred_grams(features_a), _centred_grams(features_b)
        divisor = _divisor(sizes.pop())
        self._cross += (a @ b.T).cpu() / divisor
        self._self_a += a.square().sum(dim=1).cpu() / divisor
        self._self_b += b.square().sum(dim=1).cpu() / divisor
        self.batches += 1

    def matrix(self) -> Tensor:
        """CKA so far, ``(n_a, n_b)``, float64. NaN for a layer whose features were equal for all samples.

        Unbiased estimates of unrelated features scatter around 0, so small negative values are right.

        Raises:
            ValueError: there was no mini-batch yet.
        """
        if self.batches == 0:
            raise ValueError("CKA needs at least one mini-batch")
        # The number of mini-batches cancels.
        return self._cross / torch.outer(self._self_a.sqrt(), self._self_b.sqrt())


def _centred_grams(features: Sequence[Tensor]) -> Tensor:
    """U-centred Gram matrices of the linear kernel ``X X^T``, one flattened row a layer: ``(layers, n * n)``."""
    rows = []
    for layer in features:
        X = layer.detach().flatten(1).double()
        # A shift changes no HSIC. With the first sample as origin, features equal for all samples are exactly zero.
        X = X - X[0]
        rows.append(u_centred(X @ X.T).flatten())
    return torch.stack(rows)
