"""Sizes of S-Mixers and MLP-Mixers, normal and with random permutations: these cost the same."""

from __future__ import annotations

from dataclasses import dataclass

from pkbench.widths import hidden_width


@dataclass(frozen=True, slots=True)
class MixerShape:
    """What determines every count of a Mixer; see :class:`pkbench.sizes.base.Shape` for the counts.

    ``gamma_S`` and ``gamma_C`` are the expansion factors of token and channel mixing, both ``None`` for the S-Mixer,
    whose mixing blocks are one square layer. ``skip_layer`` says whether the first block's skip path is a trainable
    ``S x S0`` matrix (S.14-S.15). ``layer_norm`` is about the blocks' own norms.
    """

    S0: int
    C0: int
    S: int
    C: int
    depth: int
    gamma_S: float | None
    gamma_C: float | None
    classes: int
    bias: bool
    skip_layer: bool
    layer_norm: bool = True

    @property
    def D_S(self) -> int | None:
        """Hidden width of a token-mixing MLP, ``gamma_S * S``; ``None`` without a hidden layer."""
        return None if self.gamma_S is None else hidden_width(self.gamma_S, self.S)

    @property
    def D_C(self) -> int | None:
        """Hidden width of a channel-mixing MLP, ``gamma_C * C``; ``None`` without a hidden layer."""
        return None if self.gamma_C is None else hidden_width(self.gamma_C, self.C)

    @property
    def gamma(self) -> float | None:
        """The expansion factor, where tokens and channels have the same."""
        return self.gamma_S if self.gamma_S == self.gamma_C else None

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
        """The widest layer of the equivalent wide and sparse MLP: ``gamma * m``, or ``m`` for the S-Mixer."""
        return max((self.D_S or self.S) * self.C, (self.D_C or self.C) * self.S)

    @property
    def omega(self) -> float:
        """Mean of ``C * S * D_S`` and ``S * C * D_C`` (eq. 13), of a block with as many tokens before as after."""
        return self.m * ((self.D_S or self.S) + (self.D_C or self.C)) / 2

    @property
    def p(self) -> float:
        """The mean of ``1/C`` (token mixing) and ``1/S`` (channel mixing), §3.1."""
        return (1 / self.C + 1 / self.S) / 2

    @property
    def block_connections(self) -> int:
        """``2 * depth * gamma * S * C * (S + C)`` when ``S == S0``; half of it, gamma 1, for the S-Mixer.

        The first block's token mixing maps ``S0`` to ``S`` tokens, and its skip layer is counted too.
        """
        total = 0
        for tokens_in in self._tokens_in():
            total += self.C * self._layer_pairs(tokens_in, self.D_S, self.S)
            total += self.S * self._layer_pairs(self.C, self.D_C, self.C)
        return total + (self.C * self.S * self.S0 if self.skip_layer else 0)

    @property
    def connections(self) -> int:
        """Mixing blocks plus the per-patch layer's ``S0 * C0 * C``."""
        return self.block_connections + self.S0 * self.C0 * self.C

    @property
    def parameters(self) -> int:
        """Weights, biases and the scales and shifts of the norms."""
        norm = 2 * self.C
        total = self._linear(self.C0, self.C)
        for tokens_in in self._tokens_in():
            total += self._mlp(tokens_in, self.D_S, self.S) + self._mlp(self.C, self.D_C, self.C)
            total += 2 * norm if self.layer_norm else 0
        total += self.S0 * self.S + norm if self.skip_layer else 0
        return total + norm + self.C * self.classes + self.classes

    @property
    def forward_flops(self) -> int:
        """Two for each connection and each of the classifier's weights."""
        return 2 * (self.connections + self.C * self.classes)

    @property
    def activation_floats(self) -> int:
        """A mixing block keeps its input, the normalised and permuted features, and what goes into and out of phi."""
        total = self.S0 * (self.C0 + self.C)
        copies = 2 if self.layer_norm else 1
        for tokens_in in self._tokens_in():
            total += self.C * (copies * tokens_in + (2 * self.D_S if self.D_S else self.S))
            total += self.S * (copies * self.C + (2 * self.D_C if self.D_C else self.C))
        total += self.S * self.C if self.skip_layer else 0
        return total + 2 * self.S * self.C

    def _tokens_in(self) -> tuple[int, ...]:
        """Tokens before each base block."""
        return (self.S0,) + (self.S,) * (self.depth - 1)

    def _linear(self, inputs: int, outputs: int) -> int:
        return inputs * outputs + (outputs if self.bias else 0)

    def _mlp(self, inputs: int, hidden: int | None, outputs: int) -> int:
        """Parameters of a mixing block's layers."""
        if hidden is None:
            return self._linear(inputs, outputs)
        return self._linear(inputs, hidden) + self._linear(hidden, outputs)

    @staticmethod
    def _layer_pairs(inputs: int, hidden: int | None, outputs: int) -> int:
        """Weights of a mixing block's layers."""
        return inputs * outputs if hidden is None else hidden * (inputs + outputs)
