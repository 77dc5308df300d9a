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
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.colours import COLOURS
from pkbench.data.faults import check_colours
from pkbench.data.groups import change_groups
from pkbench.spec.train import RandAugment

OPERATIONS = (
    *("AutoContrast", "Equalize", "Invert", "Rotate", "Posterize", "Solarize", "SolarizeAdd"),
    *("Color", "Contrast", "Brightness", "Sharpness", "ShearX", "ShearY", "TranslateX", "TranslateY"),
)
"""timm's names and order; its translations end in Rel."""

_WARP = 1 + len(OPERATIONS)
"""Group of the images whose pixels move: all of them are changed at once. An operation on colours is a group by itself."""

_GROUPS = torch.tensor([1 + number if name in COLOURS else _WARP for number, name in enumerate(OPERATIONS)])


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
    groups = _GROUPS[chosen] * done
    amounts = strengths(chosen, levels, signs, increasing=spec.increasing)
    for turn in range(spec.num_ops):
        change = partial(_change, operations=chosen[:, turn], amounts=amounts[:, turn], fill=fill)
        images = change_groups(images, groups[:, turn], change)
    return images


def _change(group: int, images: Tensor, places: Tensor, *, operations: Tensor, amounts: Tensor, fill: Tensor) -> Tensor:
    """What becomes of a group's ``images``, which are at ``places`` of a batch with these ``operations`` and ``amounts``."""
    if group == _WARP:
        return warp(images, matrices(operations[places], amounts[places], *images.shape[2:]), fill)
    return COLOURS[OPERATIONS[group - 1]](images, amounts[places])


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


def strengths(operations: Tensor, levels: Tensor, signs: Tensor, *, increasing: bool) -> Tensor:
    """:func:`strength` of each of ``operations``, places in :data:`OPERATIONS`, all of the same shape."""
    # All of them for all images: there are few numbers, and choosing first costs more.
    every = torch.stack([strength(name, levels, signs, increasing=increasing) for name in OPERATIONS])
    return every.gather(0, operations[None])[0]


def matrices(operations: Tensor, amounts: Tensor, height: int, width: int) -> Tensor:
    """What :func:`warp` needs for geometric ``operations`` by ``amounts``, both (B,): float64 (B, 2, 3).

    Rotations are counter-clockwise about the middle, in degrees; translations in parts of the side.
    """

    def amount_of(name: str) -> Tensor:
        return torch.where(operations == OPERATIONS.index(name), amounts, 0.0)

    angle = -amount_of("Rotate") * math.pi / 180
    cos, sin = angle.cos(), angle.sin()
    x, y = width / 2, height / 2
    # Where an operation is not the image's own, its amount is 0 and it changes no bit of the others' entries.
    across = (cos, sin + amount_of("ShearX"), x - cos * x - sin * y + amount_of("TranslateX") * width)
    down = (amount_of("ShearY") - sin, cos, y + sin * x - cos * y + amount_of("TranslateY") * height)
    return torch.stack([*across, *down], dim=1).view(-1, 2, 3)


def warp(images: Tensor, matrix: Tensor, fill: Tensor) -> Tensor:
    """Take each pixel of the result from where ``matrix`` says, bilinear; ``fill`` where that is outside of the image.

    As Pillow's affine transform: ``matrix`` is applied to ``(x, y, 1)`` of a pixel's middle, counted from the image's top
    left corner.

    Args:
        images: uint8 (B, colours, H, W).
        matrix: float64 (B, 2, 3) on the CPU.
        fill: float32 (colours,), beside ``images``.
    """
    height, width = images.shape[2:]
    x = torch.arange(width, device=images.device) + 0.5
    y = (torch.arange(height, device=images.device) + 0.5)[:, None]
    size = torch.tensor([width, height], device=images.device)[:, None, None]
    # Both coordinates at once: (B, 2, H, W).
    by_x, by_y, shift = matrix.float().to(images.device)[..., None, None].unbind(2)
    source = (by_x * x + by_y * y).add_(shift)
    inside = ((source >= 0) & (source < size)).all(dim=1, keepdim=True)
    grid = source.mul_(2).div_(size).sub_(1).permute(0, 2, 3, 1)
    taken = functional.grid_sample(images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    # Whole numbers: none of this rounds.
    colour = fill[:, None, None]
    return taken.round_().sub_(colour).mul_(inside).add_(colour).to(torch.uint8)
