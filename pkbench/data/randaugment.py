"""RandAugment (Cubuk et al. 2020, arXiv 1909.13719) as timm has it, batched.

timm's operations are Pillow's; these are torchvision's on tensors, which agree with them up to rounding. Where timm and
torchvision's ``RandAugment`` differ, this is timm's:

- an operation that is drawn is done with a probability (0.5 for ``rand-m9-mstd0.5-inc1``), torchvision's always;
- the strength varies from image to image by ``magnitude_std``;
- there are Invert and SolarizeAdd and there is no Identity;
- Translate moves by 0.45 of the side at magnitude 10 (torchvision: 150/331), and by parts of pixels;
- Posterize keeps 4 bits at magnitude 0 and none at 10 where ``increasing``, torchvision 8 to 4;
- geometric operations interpolate (timm: bilinear or bicubic at random, here always bilinear) and fill with
  the mean colour, which is black for data that is not normalised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import functional as vision

from pkbench.data.autoaugment import equalize
from pkbench.data.faults import check_colours
from pkbench.spec.train import RandAugment


def randaugment(images: Tensor, spec: RandAugment, mean: tuple[float, ...], generator: torch.Generator) -> Tensor:
    """Do ``spec.num_ops`` random operations on each of ``images``, one after another.

    Draws from ``generator``, each as a block (B, num_ops): operations, numbers in [0, 1) for whether they are done, normal
    numbers for their strength, signs.

    Args:
        images: uint8 (B, 1 or 3 colours, H, W), on any device; left as they are.
        spec: how many operations, how strong.
        mean: of each colour on the scale [0, 1]: what comes in at the sides.
        generator: a CPU generator.

    Raises:
        DataError: images have other than 1 or 3 colours.
    """
    count, colours, _, _ = images.shape
    check_colours(colours, "RandAugment")
    block = (count, spec.num_ops)
    chosen = torch.randint(len(OPERATIONS), block, generator=generator)
    done = torch.rand(block, dtype=torch.float64, generator=generator) < spec.probability
    noise = torch.randn(block, dtype=torch.float64, generator=generator)
    signs = 1.0 - 2.0 * torch.randint(2, block, generator=generator)
    levels = (spec.magnitude + spec.magnitude_std * noise).clamp(0, spec.magnitude_max)
    fill = torch.tensor([min(255, round(255 * value)) for value in mean], dtype=torch.float32, device=images.device)
    result = images.clone()
    for turn in range(spec.num_ops):
        for number, (name, change) in enumerate(OPERATIONS.items()):
            rows = (done[:, turn] & (chosen[:, turn] == number)).nonzero()[:, 0]
            if len(rows):
                amounts = strength(name, levels[rows, turn], signs[rows, turn], increasing=spec.increasing)
                there = rows.to(images.device)
                result.index_copy_(0, there, change(result.index_select(0, there), amounts, fill))
    return result


def strength(operation: str, level: Tensor, sign: Tensor, *, increasing: bool) -> Tensor:
    """What timm makes of a magnitude: the argument of ``operation``, float64 (B,).

    Args:
        operation: its name in :data:`OPERATIONS`.
        level: magnitudes, float64 (B,).
        sign: 1 or -1 (B,), for operations with a direction.
        increasing: timm's ``inc1``; without it Posterize and Solarize change less as ``level`` grows.
    """
    part = level / 10
    match operation:
        case "Rotate":
            amount = sign * (part * 30)
        case "ShearX" | "ShearY":
            amount = sign * (part * 0.3)
        case "TranslateX" | "TranslateY":
            amount = sign * (part * 0.45)
        case "Color" | "Contrast" | "Brightness" | "Sharpness":
            amount = (1 + sign * (part * 0.9)).clamp(min=0.1) if increasing else part * 1.8 + 0.1
        case "Posterize":
            bits = (part * 4).floor()
            amount = (4 - bits if increasing else bits).clamp(0, 8)
        case "Solarize":
            threshold = (part * 256).floor()
            amount = 256 - threshold if increasing else threshold
        case "SolarizeAdd":
            amount = (part * 110).floor()
        case _:
            amount = torch.zeros_like(level)
    return amount


def _each(values: Tensor, images: Tensor) -> Tensor:
    """A number for each image, as float32 (B, 1, 1, 1) beside ``images``."""
    return values.float().to(images.device)[:, None, None, None]


def _blend(images: Tensor, others: Tensor, factor: Tensor) -> Tensor:
    """``factor`` of ``images`` and the rest of ``others``, cut off at 0 and 255, rounded down as torchvision's is.

    Where torchvision has nothing else to blend with (the colours of grey images), ``others`` is ``images``: it stays.
    """
    if others is images:
        return images
    mixed = _each(factor, images) * images + _each(1 - factor, images) * others
    return mixed.clamp(0, 255).to(torch.uint8)


def _grey_mean(images: Tensor) -> Tensor:
    """The mean of each image's grey version, (B, 1, 1, 1)."""
    grey = vision.rgb_to_grayscale(images) if images.shape[1] == 3 else images
    mean: Tensor = grey.float().mean(dim=(1, 2, 3), keepdim=True)
    return mean


def _posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest ``bits`` of each value."""
    mask = (256 - 2 ** (8 - bits)).to(torch.uint8).to(images.device)
    return images & mask[:, None, None, None]


def _solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert values from ``threshold`` on."""
    return torch.where(images >= _each(threshold, images), 255 - images, images)


def _solarize_add(images: Tensor, add: Tensor) -> Tensor:
    """Add to values below 128."""
    brighter = (images + _each(add, images)).clamp(max=255).to(torch.uint8)
    return torch.where(images < 128, brighter, images)


def _warp(images: Tensor, matrix: tuple[tuple[Tensor | float, ...], ...], fill: Tensor) -> Tensor:
    """Take each pixel of the result from where ``matrix`` says, bilinear; ``fill`` where that is outside of the image.

    As Pillow's affine transform: ``matrix`` is applied to ``(x, y, 1)`` of a pixel's middle, counted from the image's top
    left corner; its entries are numbers or have one for each image.
    """
    count, _, height, width = images.shape
    x = torch.arange(width, device=images.device) + 0.5
    y = (torch.arange(height, device=images.device) + 0.5)[:, None]
    (a, b, c), (d, e, f) = (
        [torch.as_tensor(entry).expand(count).float().to(images.device)[:, None, None] for entry in row]
        for row in matrix
    )
    u, v = a * x + b * y + c, d * x + e * y + f
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    grid = torch.stack([2 * u / width - 1, 2 * v / height - 1], dim=3)
    taken = functional.grid_sample(images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return torch.where(inside[:, None], taken.round(), fill[:, None, None]).to(torch.uint8)


def _rotate(images: Tensor, degrees: Tensor, fill: Tensor) -> Tensor:
    """Turn ``images`` about their middle, counter-clockwise."""
    height, width = images.shape[2:]
    cos, sin = (-degrees * math.pi / 180).cos(), (-degrees * math.pi / 180).sin()
    x, y = width / 2, height / 2
    return _warp(images, ((cos, sin, x - cos * x - sin * y), (-sin, cos, y + sin * x - cos * y)), fill)


OPERATIONS: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "AutoContrast": lambda images, _, __: vision.autocontrast(images),
        "Equalize": lambda images, _, __: equalize(images),
        "Invert": lambda images, _, __: 255 - images,
        "Rotate": _rotate,
        "Posterize": lambda images, bits, _: _posterize(images, bits),
        "Solarize": lambda images, threshold, _: _solarize(images, threshold),
        "SolarizeAdd": lambda images, add, _: _solarize_add(images, add),
        "Color": lambda images, factor, _: _blend(images, vision.adjust_saturation(images, 0.0), factor),
        "Contrast": lambda images, factor, _: _blend(images, _grey_mean(images), factor),
        "Brightness": lambda images, factor, _: _blend(images, torch.zeros_like(images), factor),
        "Sharpness": lambda images, factor, _: _blend(images, vision.adjust_sharpness(images, 0.0), factor),
        "ShearX": lambda images, slope, fill: _warp(images, ((1, slope, 0), (0, 1, 0)), fill),
        "ShearY": lambda images, slope, fill: _warp(images, ((1, 0, 0), (slope, 1, 0)), fill),
        "TranslateX": lambda images, part, fill: _warp(images, ((1, 0, part * images.shape[3]), (0, 1, 0)), fill),
        "TranslateY": lambda images, part, fill: _warp(images, ((1, 0, 0), (0, 1, part * images.shape[2])), fill),
    }
)
"""What each operation does to images (B, colours, H, W) uint8 with a strength for each, (B,), and the fill colour, (colours,).

timm's names and order; its translations end in Rel."""
