"""Sizes of the SW-MLP, the wide MLP whose weights a fixed random mask makes sparse (S.16-S.17)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pkbench.widths import hidden_width

MaskKind = Literal["exact", "bernoulli", "fan-in"]
"""Which of a mask's entries are ones: a fixed number of all, each by itself, or a fixed number of each row."""

Form = Literal["dense", "sparse"]
"""How a masked layer is computed: as a full matrix times its mask, or by its connections alone."""


def mask_ones(kind: MaskKind, density: float, n_out: int, n_in: int) -> int:
    """Ones of a mask of ``n_out x n_in``, at least one (a row, for ``fan-in``); their expectation for ``bernoulli``.

    Raises:
        ValueError: ``density`` is not in ``(0, 1]``.
    """
    if not 0 < density <= 1:
        raise ValueError(f"a mask's density must be above 0 and at most 1, not {density}")
    if kind == "fan-in":
        return n_out * max(1, round(density * n_in))
    return max(1, round(density * n_out * n_in))


@dataclass(frozen=True, slots=True)
class SparseShape:
    """What determines every count of an SW-MLP; see :class:`pkbench.sizes.base.Shape` for the counts.

    A mixing block maps ``m = S*C`` features to as many by one sparse layer (``gamma`` is ``None``, S.16) or by two with
    ``round(gamma * m)`` hidden features between (S.17); the very first one reads ``S0*C`` features. ``depth`` counts base
    blocks of two mixing blocks each, so that equal depths compare with a Mixer. ``density`` is the wanted fraction of
    connections; ``mask`` and it give their number (with ``bernoulli`` masks the number drawn varies around it).
    ``skip_layer``: the first block's skip path is a trainable ``S x S0`` matrix on tokens (S.14-S.15). ``layer_norm`` is
    about the blocks' own norms. ``pool``: the classifier reads the mean over tokens (Table S.1) or all features (A.2.5).
    """

    S0: int
    C0: int
    S: int
    C: int
    depth: int
    gamma: float | None
    density: float
    mask: MaskKind
    classes: int
    bias: bool
    skip_layer: bool
    layer_norm: bool
    pool: Literal["mean", "flatten"]
    form: Form

    @property
    def layers(self) -> int:
        """Mixing blocks: two for each base block."""
        return 2 * self.depth

    @property
    def m(self) -> int:
        """``S * C``."""
        return self.S * self.C

    @property
    def width(self) -> int:
        """``gamma * m``, or ``m`` without hidden layers."""
        return self.m if self.gamma is None else hidden_width(self.gamma, self.m)

    @property
    def block_widths(self) -> tuple[tuple[int, ...], ...]:
        """Features before, inside and after each mixing block: ``(n_in, m)`` or ``(n_in, hidden, m)``."""
        inner = (self.m,) if self.gamma is None else (self.width, self.m)
        return ((self.S0 * self.C, *inner),) + ((self.m, *inner),) * (self.layers - 1)

    @property
    def omega(self) -> float:
        """Mean connections of a layer: ``density * gamma * m^2`` up to rounding, of a block with as many tokens before as after."""
        sides = ((self.m, self.m),) if self.gamma is None else ((self.width, self.m), (self.m, self.width))
        return sum(self._ones(n_out, n_in) for n_out, n_in in sides) / len(sides)

    @property
    def p(self) -> float:
        """Mean fraction of connections of the sparse layers: ``density`` up to rounding."""
        fractions = [self._ones(n_out, n_in) / (n_out * n_in) for n_out, n_in in self._matrices()]
        return math.fsum(fractions) / len(fractions)

    @property
    def block_connections(self) -> int:
        """Ones of all masks, and the skip layer's ``C * S * S0``."""
        return sum(self._ones(n_out, n_in) for n_out, n_in in self._matrices()) + self._skip_connections

    @property
    def connections(self) -> int:
        """Mixing blocks plus the per-patch layer's ``S0 * C0 * C``."""
        return self.block_connections + self.S0 * self.C0 * self.C

    @property
    def parameters(self) -> int:
        """One weight a connection in both forms (what a dense form holds outside its masks is never trained)."""
        total = self.C0 * self.C + (self.C if self.bias else 0)
        for n_out, n_in in self._matrices():
            total += self._ones(n_out, n_in) + (n_out if self.bias else 0)
        total += sum(2 * block[0] for block in self.block_widths) if self.layer_norm else 0
        total += self.S * self.S0 + 2 * self.C if self.skip_layer else 0
        return total + 2 * self.m + self._pooled * self.classes + self.classes

    @property
    def forward_flops(self) -> int:
        """Two for each connection; in the dense form, for each entry of the full matrices."""
        sparse = sum(
            n_out * n_in if self.form == "dense" else self._ones(n_out, n_in) for n_out, n_in in self._matrices()
        )
        dense = self._skip_connections + self.S0 * self.C0 * self.C + self._pooled * self.classes
        return 2 * (sparse + dense)

    @property
    def activation_floats(self) -> int:
        """Patches; for each block its input, the normalised features and what goes into and out of phi; the head's.

        The skip layer keeps what goes into its product and into its norm.
        """
        total = self.S0 * self.C0
        for n_in, *_ in self.block_widths:
            total += (2 if self.layer_norm else 1) * n_in
            total += self.m if self.gamma is None else 2 * self.width
        total += self.S0 * self.C + self.m if self.skip_layer else 0
        return total + self.m + self._pooled

    @property
    def _pooled(self) -> int:
        """Features the classifier reads."""
        return self.C if self.pool == "mean" else self.m

    @property
    def _skip_connections(self) -> int:
        return self.C * self.S * self.S0 if self.skip_layer else 0

    def _matrices(self) -> list[tuple[int, int]]:
        """``(n_out, n_in)`` of every sparse layer."""
        return [(n_out, n_in) for block in self.block_widths for n_in, n_out in pairwise(block)]

    def _ones(self, n_out: int, n_in: int) -> int:
        return mask_ones(self.mask, self.density, n_out, n_in)
