"""Random rectangles within images, one for each: what random erasing overwrites and what a resized crop keeps."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

ATTEMPTS = 10
"""Rectangles drawn for an image until one fits into it, as in torchvision and timm."""


class Rectangles(NamedTuple):
    """Rectangles of whole pixels, int64 (B,) on the CPU; height and width are 0 where none was found."""

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor


def draw_rectangles(
    count: int,
    size: tuple[int, int],
    area: tuple[float, float],
    ratio: tuple[float, float],
    generator: torch.Generator,
    *,
    whole: bool,
) -> Rectangles:
    """The first of :data:`ATTEMPTS` random rectangles that fits, for each of ``count`` images of ``size`` (H, W).

    Draws from ``generator`` in float64: areas (B, ATTEMPTS), ratios (B, ATTEMPTS), corners (B, 2).

    Args:
        count: number of images B.
        size: their height and width.
        area: least and greatest share of the image, drawn uniformly.
        ratio: least and greatest height over width, drawn uniformly on a logarithmic scale.
        generator: a CPU generator.
        whole: whether a side can be as long as the image's. A side has at least one pixel.
    """
    H, W = size
    least, greatest = math.log(ratio[0]), math.log(ratio[1])
    areas = H * W * (area[0] + (area[1] - area[0]) * _uniform(count, ATTEMPTS, generator))
    ratios = (least + (greatest - least) * _uniform(count, ATTEMPTS, generator)).exp()
    corners = _uniform(count, 2, generator)
    heights = (areas * ratios).sqrt().round().long()
    widths = (areas / ratios).sqrt().round().long()
    fits = (heights > 0) & (widths > 0) & (heights < H + whole) & (widths < W + whole)
    first = fits.long().argmax(dim=1, keepdim=True)
    height = torch.where(fits, heights, 0).gather(1, first)[:, 0]
    width = torch.where(fits, widths, 0).gather(1, first)[:, 0]
    return Rectangles(
        top=(corners[:, 0] * (H - height + 1)).long(),
        left=(corners[:, 1] * (W - width + 1)).long(),
        height=height,
        width=width,
    )


def _uniform(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    return torch.rand((rows, columns), dtype=torch.float64, generator=generator)
