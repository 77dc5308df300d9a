"""The ConvMixer as a module; only what trains imports it, because PyTorch takes seconds."""

from __future__ import annotations

from torch import Tensor, nn


class ConvMixer(nn.Module):
    """``(B, colours, H, W) -> (B, classes)``; every convolution is followed by GELU and a norm over the image."""

    def __init__(self, *, colours: int, channels: int, depth: int, patch: int, kernel: int, classes: int) -> None:
        super().__init__()
        self.patches = nn.Sequential(nn.Conv2d(colours, channels, patch, stride=patch), *_after(channels))
        self.spatial = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels), *_after(channels)
            )
            for _ in range(depth)
        )
        self.pointwise = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 1), *_after(channels)) for _ in range(depth)
        )
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of normalised ``images``."""
        x = self.patches(images)
        for spatial, pointwise in zip(self.spatial, self.pointwise, strict=True):
            x = pointwise(x + spatial(x))
        logits: Tensor = self.classifier(x.mean(dim=(2, 3)))
        return logits


def _after(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.GELU(), nn.GroupNorm(1, channels)
