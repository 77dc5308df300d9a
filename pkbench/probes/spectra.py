"""Singular values of effective weights, found without forming an ``m x m`` matrix, and the paper's formulas for them.

``J2 (I_n1 (x) W) J1`` has the singular values of ``W``, each ``n1`` times, whatever ``J1`` and ``J2`` are (§4.3);
``V^T (x) W`` has all products of theirs. A sparse matrix gives its largest ones by the Lanczos method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, svds
from torch import Tensor

from pkbench.models.masks import draw_mask
from pkbench.models.pk import PKLayer
from pkbench.seeding import stream_seed
from pkbench.widths import hidden_width

WHOLE_LIMIT = 1024
"""Largest side of an effective matrix that is made dense for its whole spectrum: a second or so of work."""

Method = Literal["kronecker", "dense", "lanczos"]


@runtime_checkable
class SparseLayer(Protocol):
    """A layer that knows its effective matrix, ``n_out x n_in``, by its connections."""

    n_in: int
    n_out: int

    def effective_csr(self) -> tuple[Tensor, Tensor, Tensor]:
        """``(crow, col, values)``: row pointers ``(n_out + 1,)``, columns and values ``(nnz,)``, row by row."""


@runtime_checkable
class DenseLayer(Protocol):
    """A layer that can write its effective matrix down."""

    def to_dense(self) -> Tensor:
        """The effective matrix, ``(n_out, n_in)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Singular values of an effective matrix."""

    values: Tensor
    """Distinct values found, largest first, float64, on the CPU."""
    multiplicity: int
    """How often each of ``values`` occurs in the effective matrix."""
    complete: bool
    """Whether ``values`` are all of them; else they are the largest."""
    mean_square: float
    """Mean square of all ``min(n_out, n_in)`` singular values, from the Frobenius norm: exact even if not ``complete``."""
    method: Method
    """``kronecker``: from the factors; ``dense``: of the matrix itself; ``lanczos``: iterated on the sparse matrix."""

    @property
    def largest(self) -> float:
        """The spectral norm."""
        return float(self.values[0])

    def quantiles(self, levels: tuple[float, ...]) -> tuple[float, ...]:
        """Quantiles of the whole spectrum: the smallest value that a share ``level`` of all values does not exceed.

        Raises:
            ValueError: only the largest values are known.
        """
        if not self.complete:
            raise ValueError(f"the {self.method} method found only the {len(self.values)} largest singular values")
        # Without interpolation the multiplicity, equal for all values, changes nothing.
        found = np.quantile(self.values.numpy(), levels, method="inverted_cdf")
        return tuple(float(value) for value in found)


def layer_spectrum(layer: PKLayer | SparseLayer | DenseLayer, *, largest: int, seed: int) -> Spectrum:
    """Spectrum of a layer's effective matrix: whole where that is cheap, else the ``largest`` values.

    ``seed`` names the start vector of the Lanczos method.

    Raises:
        ValueError: the layer has neither PK nor sparse structure, and a side above ``WHOLE_LIMIT``.
    """
    if isinstance(layer, PKLayer):
        return _whole(layer.weight, layer.groups, "kronecker")
    if isinstance(layer, SparseLayer):
        matrix = effective_matrix(layer)
        if max(matrix.shape) <= WHOLE_LIMIT:
            return _whole(torch.from_numpy(matrix.toarray()), 1, "dense")
        values = torch.from_numpy(largest_singular_values(matrix, largest, seed))
        mean_square = float((matrix.data**2).sum()) / min(matrix.shape)
        return Spectrum(values, 1, complete=False, mean_square=mean_square, method="lanczos")
    dense = layer.to_dense()
    if max(dense.shape) > WHOLE_LIMIT:
        raise ValueError(f"a dense {dense.shape[0]} x {dense.shape[1]} matrix is above the limit of {WHOLE_LIMIT}")
    return _whole(dense, 1, "dense")


def product_spectrum(V: Tensor, W: Tensor) -> Spectrum:
    """Spectrum of ``V^T (x) W``, the effective matrix of ``X -> W X V`` (eq. 6): all products of singular values."""
    of_V, of_W = (torch.linalg.svdvals(factor.detach().double()).cpu() for factor in (V, W))
    values = torch.outer(of_V, of_W).flatten().sort(descending=True).values
    # min(rows) * min(columns) of the factors' products can fall short of the product's own number: the rest are zeros.
    count = min(V.shape[1] * W.shape[0], V.shape[0] * W.shape[1])
    values = torch.cat([values, values.new_zeros(count - len(values))])
    return Spectrum(values, 1, complete=True, mean_square=float(values.square().mean()), method="kronecker")


def _whole(matrix: Tensor, multiplicity: int, method: Method) -> Spectrum:
    values = torch.linalg.svdvals(matrix.detach().double()).cpu()
    return Spectrum(values, multiplicity, complete=True, mean_square=float(values.square().mean()), method=method)


def effective_matrix(layer: SparseLayer) -> sparse.csr_matrix:
    """The effective matrix of a sparse layer, in float64."""
    crow, col, values = (part.detach().cpu() for part in layer.effective_csr())
    return sparse.csr_matrix(
        (values.double().numpy(), col.numpy(), crow.numpy()), shape=(layer.n_out, layer.n_in), dtype=np.float64
    )


def largest_singular_values(
    matrix: sparse.csr_matrix | LinearOperator, k: int, seed: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The ``k`` largest singular values, largest first, by ARPACK's implicitly restarted Lanczos method.

    ``matrix`` is anything that multiplies vectors from both sides. The start vector is drawn from ``seed``, so equal
    calls give equal digits.

    Raises:
        ValueError: ``k`` is not below both sides of ``matrix``.
    """
    side = min(matrix.shape)
    if not 1 <= k < side:
        raise ValueError(f"the Lanczos method finds 1 to {side - 1} singular values of this matrix, not {k}")
    generator = torch.Generator().manual_seed(stream_seed("lanczos start", seed))
    start = torch.randn(side, dtype=torch.float64, generator=generator).numpy()
    values = svds(matrix, k=k, v0=start, return_singular_vectors=False)
    return np.sort(np.asarray(values, dtype=np.float64))[::-1].copy()


def trace_normalised(largest: float, mean_square: float) -> float:
    """Largest singular value over the root mean square of all (App. D.1).

    2 for wide square matrices of independent entries, so that 2 means "no heavier at the edge than a dense one".
    """
    return largest / math.sqrt(mean_square)


def c_gamma(gamma: float) -> float:
    """Largest singular value ``1 + sqrt(gamma)`` of a wide ``gamma n x n`` matrix of N(0, 1/n) entries (§4.3)."""
    return 1 + math.sqrt(gamma)


def sw_edge(gamma: float, m: int, p: float, *, corrected: bool) -> float:
    """Largest singular value of a wide sparse weight, ``sqrt(L_+)`` of eq. 17, with ``q^2 = p m``.

    As printed ``L_+ = c^2 + 3 c^2 sqrt(gamma) (1 - p) / q^2``; ``corrected`` divides by ``sqrt(gamma)`` instead,
    which is what simulation gives. Both agree at ``gamma = 1``.
    """
    c = c_gamma(gamma)
    factor = 1 / math.sqrt(gamma) if corrected else math.sqrt(gamma)
    return math.sqrt(c**2 + 3 * c**2 * factor * (1 - p) / (p * m))


def sw_largest(gamma: float, m: int, p: float, seed: int) -> float:
    """Largest singular value of one drawn ``M (.) A`` of eq. 17's ensemble, ``round(gamma m) x m``.

    ``M`` is Bernoulli(p) with value ``1/sqrt(p)``, ``A`` has N(0, 1/m) entries. Only non-zeros are ever held.
    """
    mask = draw_mask("bernoulli", hidden_width(gamma, m), m, p, stream_seed("simulated mask", seed))
    generator = torch.Generator().manual_seed(stream_seed("simulated weights", seed))
    values = torch.randn(mask.nnz, dtype=torch.float64, generator=generator) / math.sqrt(p * m)
    matrix = sparse.csr_matrix((values.numpy(), mask.col.numpy(), mask.crow.numpy()), shape=(mask.n_out, mask.n_in))
    return float(largest_singular_values(matrix, 1, seed)[0])
