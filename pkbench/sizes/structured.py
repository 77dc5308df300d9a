"""Sizes of Mixers with another structured matrix where the Kronecker matrix stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pkbench.structures import base
from pkbench.structures.base import Slot
from pkbench.structures.factors import Factor
from pkbench.structures.registry import STRUCTURES
from pkbench.widths import hidden_width

Side = Literal["tokens", "channels"]
_SIDES: tuple[Side, Side] = ("tokens", "channels")


@dataclass(frozen=True, slots=True)
class StructuredShape:
    """What determines every count of a structured Mixer; see :class:`pkbench.sizes.base.Shape` for the counts.

    Each linear map of a mixing block is the ``structure`` of that name (a key of ``STRUCTURES``, else ``KeyError``) with
    as many connections as the Mixer of the same sizes has there, or the nearest fewer; ``mismatch`` says how near.
    Connections are the non-zeros of the factors, which are stored and multiplied; as one matrix their product may be
    denser. ``gamma`` is ``None`` for mixing blocks of one layer, as in the S-Mixer. ``skip_layer`` says whether the first
    block's skip path is a trainable ``S x S0`` matrix (S.14-S.15). ``layer_norm`` is about the blocks' own norms.
    """

    S0: int
    C0: int
    S: int
    C: int
    depth: int
    gamma: float | None
    structure: str
    classes: int
    bias: bool
    skip_layer: bool
    layer_norm: bool

    def slots(self, side: Side, tokens_in: int) -> tuple[Slot, ...]:
        """The slots of a mixing block's linear maps, first to last, with the connections that the Mixer has there."""
        groups, inputs, outputs = (self.C, tokens_in, self.S) if side == "tokens" else (self.S, self.C, self.C)
        hidden = () if self.gamma is None else (hidden_width(self.gamma, outputs),)
        return tuple(Slot.of_mixer(groups, rows, columns) for columns, rows in pairwise((inputs, *hidden, outputs)))

    def factors(self, side: Side, tokens_in: int) -> tuple[tuple[Factor, ...], ...]:
        """The factors of each linear map of a mixing block. Token mixing acts on ``vec(X)``, channel mixing on ``vec(X^T)``."""
        structure = STRUCTURES[self.structure]
        return tuple(structure(slot) for slot in self.slots(side, tokens_in))

    @property
    def tokens_in(self) -> tuple[int, ...]:
        """Tokens before each base block."""
        return (self.S0,) + (self.S,) * (self.depth - 1)

    @property
    def mismatch(self) -> float:
        """The largest relative difference between the connections of a layer and those of the Mixer's in its place."""
        return max(
            abs(base.connections(factors) / slot.connections - 1)
            for tokens_in in set(self.tokens_in)
            for side in _SIDES
            for slot, factors in zip(self.slots(side, tokens_in), self.factors(side, tokens_in), strict=True)
        )

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
        """The widest layer that phi is applied to: ``gamma * m``, or ``m`` without hidden layers."""
        return max(factors[0][-1].n_out for factors in self._regular())

    @property
    def omega(self) -> float:
        """Mean connections of the layers of a base block with as many tokens before as after."""
        layers = [factors for side in self._regular() for factors in side]
        return sum(map(base.connections, layers)) / len(layers)

    @property
    def p(self) -> float:
        """Mean over the same layers of the connections for each entry of a dense matrix; ``1/C`` and ``1/S`` in a Mixer."""
        layers = [factors for side in self._regular() for factors in side]
        return sum(map(base.nonzero_fraction, layers)) / len(layers)

    @property
    def block_connections(self) -> int:
        """Non-zeros of all factors, and the skip layer's ``C * S * S0``."""
        return sum(map(base.connections, self._all_layers())) + (self.C * self.S * self.S0 if self.skip_layer else 0)

    @property
    def connections(self) -> int:
        """Mixing blocks plus the per-patch layer's ``S0 * C0 * C``."""
        return self.block_connections + self.S0 * self.C0 * self.C

    @property
    def parameters(self) -> int:
        """Weights, biases and the scales and shifts of the norms.

        A layer's bias has an entry for every output feature, except where the weights are shared by groups: there, as in
        the Mixer, the bias is too.
        """
        norm = 2 * self.C
        total = self.C0 * self.C + (self.C if self.bias else 0)
        for factors in self._all_layers():
            total += sum(factor.parameters for factor in factors) + (base.bias_size(factors) if self.bias else 0)
        total += self.layers * norm if self.layer_norm else 0
        total += self.S0 * self.S + norm if self.skip_layer else 0
        return total + norm + self.C * self.classes + self.classes

    @property
    def forward_flops(self) -> int:
        """Two for each multiply-add of the factors, the per-patch layer, the skip layer and the classifier."""
        mixing = sum(factor.multiply_adds for factors in self._all_layers() for factor in factors)
        rest = self.connections - sum(map(base.connections, self._all_layers()))
        return 2 * (mixing + rest + self.C * self.classes)

    @property
    def activation_floats(self) -> int:
        """A mixing block keeps its input for its norm, what each factor multiplies, and what goes into phi."""
        total = self.S0 * (self.C0 + self.C)
        for tokens_in in self.tokens_in:
            for side in _SIDES:
                layers = self.factors(side, tokens_in)
                total += layers[0][0].n_in if self.layer_norm else 0
                total += sum(factor.kept for factors in layers for factor in factors)
                total += layers[0][-1].n_out
        total += self.S * self.C if self.skip_layer else 0
        return total + 2 * self.S * self.C

    def _regular(self) -> tuple[tuple[tuple[Factor, ...], ...], ...]:
        """The layers of both mixing blocks of a base block with ``S`` tokens before it."""
        return tuple(self.factors(side, self.S) for side in _SIDES)

    def _all_layers(self) -> Iterator[tuple[Factor, ...]]:
        """The factors of every linear map of every mixing block."""
        for tokens_in in self.tokens_in:
            for side in _SIDES:
                yield from self.factors(side, tokens_in)
