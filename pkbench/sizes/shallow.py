"""Sizes of the shallow models of Fig. 2d."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pkbench.structures import base
from pkbench.structures.factors import Blocks, Commute, Factor, Shared

Weights = Literal["dense", "monarch", "kronecker"]


@dataclass(frozen=True, slots=True)
class ShallowShape:
    """What determines every count of ``x -> Bc B2 phi(B1 x)``; see :class:`pkbench.sizes.base.Shape` for the counts.

    The input is ``vec`` of an ``S0 x C0`` matrix: ``S0`` the image's height, ``C0`` its width times its colours. The hidden
    features are ``vec`` of an ``S x C`` matrix. The output ``Bc`` is dense and is not counted as a connection.
    """

    S0: int
    C0: int
    S: int
    C: int
    weights: Weights
    classes: int
    bias: bool

    @property
    def factors(self) -> tuple[tuple[Factor, ...], tuple[Factor, ...]]:
        """The factors of ``B1`` and ``B2``.

        ``kronecker``: ``V^T (x) W = J_c^T (I_S (x) V^T) J_c (I (x) W)``, eq. 6-9, ``vec(X) -> vec(W X V)``. ``monarch``: the
        same with every block's own weights, Cor. 3.4 read backwards. ``dense``: one full matrix.
        """
        return self._factors(self.S0, self.C0), self._factors(self.S, self.C)

    @property
    def gamma(self) -> None:
        """It has no expansion."""

    @property
    def depth(self) -> int:
        """2: ``B1`` and ``B2``."""
        return 2

    @property
    def layers(self) -> int:
        """As ``depth``."""
        return self.depth

    @property
    def m(self) -> int:
        """``S * C``."""
        return self.S * self.C

    @property
    def width(self) -> int:
        """``m``: the neurons of the only layer that phi is applied to."""
        return self.m

    @property
    def omega(self) -> float:
        """Mean connections of ``B1`` and ``B2``."""
        return self.block_connections / 2

    @property
    def p(self) -> float:
        """Mean over ``B1`` and ``B2`` of the connections for each entry of a dense matrix.

        The factors' connections are counted: as one matrix ``V^T (x) W`` has no zeros, nor has its Monarch twin.
        """
        return sum(map(base.nonzero_fraction, self.factors)) / 2

    @property
    def block_connections(self) -> int:
        """Non-zeros of the factors of ``B1`` and ``B2``: the same with ``monarch`` and ``kronecker``."""
        return sum(map(base.connections, self.factors))

    @property
    def connections(self) -> int:
        """As ``block_connections``: ``B1`` reads the image itself."""
        return self.block_connections

    @property
    def parameters(self) -> int:
        """Weights and biases; the classifier always has one."""
        total = sum(factor.parameters for factors in self.factors for factor in factors)
        total += sum(map(base.bias_size, self.factors)) if self.bias else 0
        return total + self.m * self.classes + self.classes

    @property
    def forward_flops(self) -> int:
        """Two for each multiply-add of the factors and of the classifier."""
        mixing = sum(factor.multiply_adds for factors in self.factors for factor in factors)
        return 2 * (mixing + self.m * self.classes)

    @property
    def activation_floats(self) -> int:
        """What each factor multiplies, what goes into phi, and what the classifier reads.

        ReLU keeps what comes out of it instead, which ``B2`` keeps anyway: then it is ``m`` less.
        """
        return sum(factor.kept for factors in self.factors for factor in factors) + 2 * self.m

    def _factors(self, rows_in: int, columns_in: int) -> tuple[Factor, ...]:
        """The map from ``vec`` of a ``rows_in x columns_in`` matrix to ``vec`` of an ``S x C`` one."""
        S, C = self.S, self.C
        if self.weights == "dense":
            return (Blocks(1, S * C, rows_in * columns_in),)
        blocks = Shared if self.weights == "kronecker" else Blocks
        return blocks(columns_in, S, rows_in), Commute(S, columns_in), blocks(S, C, columns_in), Commute(C, S)
