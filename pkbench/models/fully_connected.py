"""S-FC, the fully connected network that beta-LASSO trains (Neyshabur 2020, arXiv 2007.13657)."""

from __future__ import annotations

from torch import Tensor, nn

from pkbench.sizes.fully_connected import FullyConnectedShape


class FullyConnected(nn.Module):
    """``image -> alpha s^2/4 -> 24 alpha -> classes``, BatchNorm and ReLU after all but the last layer.

    Shapes: ``(B, colours, H, W) -> (B, classes)``.
    """

    def __init__(self, shape: FullyConnectedShape) -> None:
        super().__init__()
        inputs, first, second = shape.widths
        self.embed = nn.Linear(inputs, first, bias=shape.bias)
        self.embed_norm = nn.BatchNorm1d(first)
        self.hidden = nn.Linear(first, second, bias=shape.bias)
        self.hidden_norm = nn.BatchNorm1d(second)
        self.classifier = nn.Linear(second, shape.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of normalised ``images``."""
        x = self.embed_norm(self.embed(images.flatten(1))).relu()
        x = self.hidden_norm(self.hidden(x)).relu()
        logits: Tensor = self.classifier(x)
        return logits
