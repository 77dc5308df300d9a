"""Sizes of the fully connected network S-FC (Neyshabur 2020)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FullyConnectedShape:
    """``inputs -> alpha * side^2 / 4 -> 24 * alpha -> classes``, BatchNorm and ReLU after all but the last layer.

    ``side`` is the image's height; see :class:`pkbench.sizes.base.Shape` for the counts. All weights are there at first:
    what beta-LASSO sets to zero while training is the run's to say, not the shape's.
    """

    inputs: int
    side: int
    alpha: int
    classes: int
    bias: bool

    @property
    def S(self) -> None:
        """It has no tokens."""

    @property
    def C(self) -> None:
        """It has no channels."""

    @property
    def gamma(self) -> None:
        """It has no expansion."""

    @property
    def widths(self) -> tuple[int, int, int]:
        """Features of the input and of both hidden layers."""
        return self.inputs, max(1, self.alpha * self.side**2 // 4), 24 * self.alpha

    @property
    def depth(self) -> int:
        """Layers, the classifier included."""
        return 3

    @property
    def layers(self) -> int:
        """As ``depth``."""
        return self.depth

    @property
    def m(self) -> int:
        """Features of the second hidden layer, between the middle layer and the classifier."""
        return self.widths[2]

    @property
    def width(self) -> int:
        """The wider hidden layer."""
        return max(self.widths[1:])

    @property
    def omega(self) -> float:
        """Mean connections of the two hidden layers."""
        return self.connections / 2

    @property
    def p(self) -> float:
        """1: dense."""
        return 1.0

    @property
    def block_connections(self) -> int:
        """Connections of the second layer, between the hidden ones."""
        return self.widths[1] * self.widths[2]

    @property
    def connections(self) -> int:
        """Connections of the two hidden layers, without the classifier."""
        return self.widths[0] * self.widths[1] + self.block_connections

    @property
    def parameters(self) -> int:
        """Weights, biases (the classifier always has them) and BatchNorm's scales and shifts."""
        hidden = self.widths[1] + self.widths[2]
        return self.connections + (3 if self.bias else 2) * hidden + self.widths[2] * self.classes + self.classes

    @property
    def forward_flops(self) -> int:
        """Two for each weight."""
        return 2 * (self.connections + self.widths[2] * self.classes)

    @property
    def activation_floats(self) -> int:
        """The input, and for each hidden layer what goes into BatchNorm, into ReLU and out of it."""
        return self.inputs + 3 * (self.widths[1] + self.widths[2])
