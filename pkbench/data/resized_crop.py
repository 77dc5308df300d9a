"""Random resized crops (Szegedy et al. 2015) of a whole batch: ImageNet's usual crop."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.rectangles import Rectangles, draw_rectangles
from pkbench.spec.train import ResizedCrop


def resized_crop(images: Tensor, spec: ResizedCrop, generator: torch.Generator) -> Tensor:
    """Resize a random rectangle of each of ``images`` to the whole image, bilinear; draws what :func:`draw_rectangles` draws.

    Where no rectangle of the wanted area fits, it is the largest one in the middle with an allowed ratio, as in torchvision.
    The result for each image is that of torchvision's ``resized_crop`` up to rounding.

    Args:
        images: uint8 (B, colours, H, W), on any device; left as they are.
        spec: areas and ratios.
        generator: a CPU generator.
    """
    count, _, height, width = images.shape
    ratio = (1 / spec.ratio[1], 1 / spec.ratio[0])
    drawn = draw_rectangles(count, (height, width), spec.area, ratio, generator, whole=True)
    rectangles = _or_central(drawn, height, width, ratio)
    top, left, tall, wide = (side.to(images.device, torch.float32)[:, None] for side in rectangles)
    y = _source(top, tall, height)
    x = _source(left, wide, width)
    # grid_sample counts from -1 to 1, from the first pixel's outer edge to the last one's.
    across = (2 * x + 1) / width - 1
    down = (2 * y + 1) / height - 1
    # Plane by plane in memory, which grid_sample reads as it is.
    planes = [across[:, None, :].expand(-1, height, -1), down[:, :, None].expand(-1, -1, width)]
    grid = torch.stack(planes, dim=1).permute(0, 2, 3, 1)
    resized = functional.grid_sample(images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return resized.round_().to(torch.uint8)


def _source(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Where each of ``size`` pixels comes from, (B, size), counted from the middle of the first; none from outside."""
    pixels = (torch.arange(size, device=start.device) + 0.5) * (length / size) - 0.5
    return start + torch.minimum(pixels.clamp(min=0), length - 1)


def _or_central(drawn: Rectangles, height: int, width: int, ratio: tuple[float, float]) -> Rectangles:
    """``drawn``, with the largest rectangle in the middle whose height over width is within ``ratio`` for those not found."""
    tall = min(height, max(1, round(width * ratio[1])))
    wide = min(width, max(1, round(height / ratio[0])))
    central = ((height - tall) // 2, (width - wide) // 2, tall, wide)
    missing = drawn.height == 0
    return Rectangles(*(torch.where(missing, value, side) for value, side in zip(central, drawn, strict=True)))
