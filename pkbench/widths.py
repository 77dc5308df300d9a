"""Width, sparsity and cost of Mixers as pure functions of their shape.

Symbols are the paper's: ``S`` tokens, ``C`` channels, ``S0 = HW/P^2`` and ``C0 = (colours) * P^2`` of the
input patches, ``gamma`` the expansion factor, ``m = S*C`` the effective width, ``omega`` the average number
of connections of a layer, ``p`` the fraction of non-zero weights. Nothing here imports anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What determines every count of a Mixer.

    ``gamma`` is ``None`` for the S-Mixer, whose mixing blocks are one square layer without a hidden width.
    ``skip_layer`` says whether the first block's skip path is a trainable ``S x S0`` matrix (S.14-S.15).
    """

    S0: int
    C0: int
    S: int
    C: int
    depth: int
    gamma: float | None
    classes: int
    bias: bool
    skip_layer: bool

    @property
    def hidden_tokens(self) -> int:
        """Hidden width of a token-mixing MLP, ``round(gamma * S)``."""
        return hidden_width(self.gamma, self.S) if self.gamma is not None else self.S

    @property
    def hidden_channels(self) -> int:
        """Hidden width of a channel-mixing MLP, ``round(gamma * C)``."""
        return hidden_width(self.gamma, self.C) if self.gamma is not None else self.C


def hidden_width(gamma: float, n: int) -> int:
    """``gamma * n`` to the nearest integer (halves up), at least 1: the paper's gamma need not be whole."""
    return max(1, math.floor(gamma * n + 0.5))


def patch_grid(height: int, width: int, colours: int, patch: int) -> tuple[int, int]:
    """``(S0, C0)`` of an image cut into ``patch x patch`` squares (App. A.1)."""
    return (height // patch) * (width // patch), colours * patch * patch


def omega(S: int, C: int, gamma: float) -> float:
    """Average connections per layer, eq. 13: ``gamma * (C*S^2 + C^2*S) / 2``."""
    return gamma * S * C * (S + C) / 2


def solve_tokens(C: int, omega: float, gamma: float) -> float:
    """The real ``S`` with ``omega(S, C, gamma) == omega``, eq. 14: ``(sqrt(C^2 + 8*omega/(gamma*C)) - C) / 2``."""
    return (math.sqrt(C * C + 8 * omega / (gamma * C)) - C) / 2


def optimum(omega: float, gamma: float) -> float:
    """``C* = S* = (omega/gamma)^(1/3)``, the shape of largest width at fixed ``omega`` (eq. 15)."""
    return float((omega / gamma) ** (1 / 3))


def effective_width(shape: Shape) -> int:
    """Width of the equivalent wide and sparse MLP: its largest layer, ``gamma * m`` (``m`` for the S-Mixer)."""
    return max(shape.hidden_tokens * shape.C, shape.hidden_channels * shape.S)


def nonzero_fraction(shape: Shape) -> float:
    """``p``: non-zero fraction of the effective weights, the mean of ``1/C`` (tokens) and ``1/S`` (channels), §3.1."""
    return (1 / shape.C + 1 / shape.S) / 2


def block_connections(shape: Shape) -> int:
    """Non-zero effective weights of all mixing blocks, ``2 * depth * gamma * S * C * (S + C)`` when ``S == S0``.

    The S-Mixer has one square layer a block: ``depth * S * C * (S + C)``. The first block's token mixing
    maps ``S0`` to ``S`` tokens, and its skip layer, where there is one, is counted too.
    """
    total = 0
    for block in range(shape.depth):
        tokens_in = shape.S0 if block == 0 else shape.S
        if shape.gamma is None:
            total += shape.C * shape.S * tokens_in
            total += shape.S * shape.C * shape.C
        else:
            total += shape.C * shape.hidden_tokens * (tokens_in + shape.S)
            total += shape.S * shape.hidden_channels * 2 * shape.C
        if block == 0 and shape.skip_layer:
            total += shape.C * shape.S * tokens_in
    return total


def patch_connections(shape: Shape) -> int:
    """Connections of the per-patch layer, ``S0 * C0 * C``."""
    return shape.S0 * shape.C0 * shape.C


def connections(shape: Shape) -> int:
    """Connections without the classifier, as Table 1 counts them: mixing blocks plus the per-patch layer."""
    return block_connections(shape) + patch_connections(shape)


def parameters(shape: Shape) -> int:
    """Trainable parameters, classifier included."""

    def linear(inputs: int, outputs: int) -> int:
        return inputs * outputs + (outputs if shape.bias else 0)

    norm = 2 * shape.C
    total = linear(shape.C0, shape.C)
    for block in range(shape.depth):
        tokens_in = shape.S0 if block == 0 else shape.S
        if shape.gamma is None:
            total += linear(tokens_in, shape.S) + linear(shape.C, shape.C)
        else:
            total += linear(tokens_in, shape.hidden_tokens) + linear(shape.hidden_tokens, shape.S)
            total += linear(shape.C, shape.hidden_channels) + linear(shape.hidden_channels, shape.C)
        total += 2 * norm
        if block == 0 and shape.skip_layer:
            total += tokens_in * shape.S + norm
    return total + norm + shape.C * shape.classes + shape.classes


def forward_flops(shape: Shape) -> int:
    """Floating-point operations of one sample's forward pass: two for every connection and the classifier's.

    Norms, activations and permutations are left out, as PyTorch's own flop counter leaves them out.
    """
    return 2 * (connections(shape) + shape.C * shape.classes)


def activation_floats(shape: Shape) -> int:
    """Numbers kept for the backward pass of one sample, as the layers here keep them.

    A mixing block keeps its input, the normalised and permuted features, what goes into phi and, where a
    second layer follows, what comes out of it.
    """
    copies = 1 if shape.gamma is None else 2
    total = shape.S0 * (shape.C0 + shape.C)
    for block in range(shape.depth):
        tokens_in = shape.S0 if block == 0 else shape.S
        total += shape.C * (2 * tokens_in + copies * shape.hidden_tokens)
        total += shape.S * (2 * shape.C + copies * shape.hidden_channels)
        if block == 0 and shape.skip_layer:
            total += shape.S * shape.C
    return total + 2 * shape.S * shape.C
