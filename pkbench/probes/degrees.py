"""How many connections the units of a layer have, and how far two layers' distributions are apart.

A layer ``J2 (I_n1 (x) W) J1`` has exactly ``n2`` connections in every row, whatever its permutations are; a row of an
``n_out x n_in`` Bernoulli(p) mask has Binomial(n_in, p) of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from pkbench.models.pk import PKLayer
from pkbench.probes.spectra import SparseLayer

Probabilities = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Degrees:
    """Connections of every unit of a layer whose effective matrix is ``n_out x n_in``."""

    rows: Tensor
    """Connections of each output, ``(n_out,)``, int64."""
    columns: Tensor
    """Connections of each input, ``(n_in,)``, int64."""


@dataclass(frozen=True, slots=True)
class DegreeSummary:
    """The distribution of one side's degrees."""

    mean: float
    variance: float
    """Of these units, without a correction for estimating the mean: 0 where all are alike."""
    smallest: int
    largest: int


@dataclass(frozen=True, slots=True)
class DegreeDistance:
    """How far two distributions of degrees are apart; both numbers lie between 0 (equal) and 1."""

    kolmogorov_smirnov: float
    """Largest difference of the distribution functions. Degrees have ties, so its usual p values do not apply."""
    total_variation: float
    """Half the sum of the differences of the probabilities: the share of units that would need another degree."""


def layer_degrees(layer: PKLayer | SparseLayer) -> Degrees:
    """Row and column degrees of a layer's effective matrix.

    Connections are counted, so one whose weight happens to be zero is one.
    """
    if isinstance(layer, PKLayer):
        n2_out, n2_in = layer.weight.shape
        return Degrees(torch.full((layer.groups * n2_out,), n2_in), torch.full((layer.groups * n2_in,), n2_out))
    crow, col, _ = layer.effective_csr()
    return Degrees(crow.cpu().long().diff(), torch.bincount(col.cpu().long(), minlength=layer.n_in))


def summary(degrees: Tensor) -> DegreeSummary:
    """Mean, variance and range of ``degrees``, ``(units,)``."""
    counts = degrees.double()
    return DegreeSummary(float(counts.mean()), float(counts.var(correction=0)), int(degrees.min()), int(degrees.max()))


def degree_distance(a: Tensor, b: Tensor) -> DegreeDistance:
    """Distance between the degrees of two layers' units, ``(units of a,)`` and ``(units of b,)``."""
    size = int(torch.max(a.max(), b.max())) + 1
    return _distance(_shares(a, size), _shares(b, size))


def binomial_distance(degrees: Tensor, n: int, p: float) -> DegreeDistance:
    """Distance of ``degrees``, ``(units,)``, from Binomial(n, p): what a Bernoulli(p) mask with ``n`` inputs expects.

    A mask with an exact number of ones has hypergeometric degrees, next to binomial when it has many units.

    Raises:
        ValueError: a degree is above ``n``.
    """
    if int(degrees.max()) > n:
        raise ValueError(f"a unit has {int(degrees.max())} connections, but only {n} are possible")
    return _distance(_shares(degrees, n + 1), stats.binom.pmf(np.arange(n + 1), n, p))


def _shares(degrees: Tensor, size: int) -> Probabilities:
    """Share of units with 0, 1, ..., ``size - 1`` connections."""
    shares: Probabilities = torch.bincount(degrees, minlength=size).numpy() / len(degrees)
    return shares


def _distance(a: Probabilities, b: Probabilities) -> DegreeDistance:
    """Distance of two distributions on the same degrees: their functions differ most at one of these."""
    difference = a - b
    return DegreeDistance(float(np.abs(np.cumsum(difference)).max()), float(np.abs(difference).sum()) / 2)
