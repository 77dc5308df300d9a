"""What a model of any kind answers about itself."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Shape(Protocol):
    """The shape of one model on one kind of image, and every count that follows from it.

    Symbols are the paper's. Connections are non-zero entries of the effective matrices: a weight shared by n groups is
    n connections and one parameter.
    """

    @property
    def S(self) -> int | None:
        """Tokens between blocks; ``None`` for a model without tokens."""

    @property
    def C(self) -> int | None:
        """Channels between blocks; ``None`` for a model without tokens."""

    @property
    def gamma(self) -> float | None:
        """Expansion factor of the hidden layers where it is one number; ``None`` without hidden layers."""

    @property
    def depth(self) -> int:
        """Base blocks L (layers of a model that has no blocks)."""

    @property
    def layers(self) -> int:
        """Mixing blocks, or layers of a model without them: what the fixed cost of a step is proportional to."""

    @property
    def width(self) -> int:
        """Effective width: neurons of the widest hidden layer, ``gamma * m`` for a Mixer."""

    @property
    def m(self) -> int:
        """Features between blocks, ``S * C`` for a Mixer."""

    @property
    def omega(self) -> float:
        """Average connections of a mixing layer (eq. 13)."""

    @property
    def p(self) -> float:
        """Mean non-zero fraction of the effective mixing weights."""

    @property
    def block_connections(self) -> int:
        """Connections of all mixing blocks, the skip layer's included where there is one."""

    @property
    def connections(self) -> int:
        """Connections without the classifier, as Table 1 counts them: blocks plus the layer that reads the image."""

    @property
    def parameters(self) -> int:
        """Trainable parameters, classifier included."""

    @property
    def forward_flops(self) -> int:
        """Floating-point operations of one sample's forward pass as it is computed: two for every multiply-add.

        Norms, activations and permutations are left out, as PyTorch's own counter leaves them out.
        """

    @property
    def activation_floats(self) -> int:
        """Numbers kept for the backward pass of one sample."""
