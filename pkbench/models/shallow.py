"""The shallow models of Fig. 2d: Monarch, Kronecker and dense matrices with nothing around them."""

from __future__ import annotations

from torch import Tensor, nn

from pkbench.models.pk import ACTIVATIONS
from pkbench.models.structured import StructuredLinear, initialize_layers
from pkbench.sizes.shallow import ShallowShape


class Shallow(nn.Module):
    """``x -> Bc B2 phi(B1 x)``, no norm, no skip, no per-patch layer (Table S.1); the paper's phi is ReLU.

    ``x = vec(X)`` with a row of ``X`` for each row of the image and a column for each pair (colour, column), the colour
    first: pixel ``(h, w)`` of colour ``c`` is feature ``(c W + w) H + h``. Within ``B1`` and ``B2`` nothing but linear maps.

    Shapes: ``(B, colours, H, W) -> (B, classes)``, ``H = S0`` and ``colours * W = C0``.
    """

    def __init__(self, shape: ShallowShape, *, activation: str) -> None:
        super().__init__()
        first, second = shape.factors
        self.B1 = StructuredLinear(first, bias=shape.bias)
        self.B2 = StructuredLinear(second, bias=shape.bias)
        self.classifier = nn.Linear(shape.m, shape.classes)
        self.activation = activation

    def forward(self, images: Tensor) -> Tensor:
        """Logits of normalised ``images``."""
        x = images.transpose(2, 3).flatten(1)
        logits: Tensor = self.classifier(self.B2(ACTIVATIONS[self.activation](self.B1(x))))
        return logits

    def initialize(self, kind: str, seed: int) -> None:
        """Draw every parameter from a stream named after it; see :func:`pkbench.models.initial.draw`."""
        initialize_layers(self, kind, seed)
