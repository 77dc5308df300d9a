"""AutoAugment's CIFAR-10 policy (Cubuk et al. 2019, arXiv 1805.09501, Table 7), batched.

Images are grouped by operation, magnitude and sign, and each group is changed at once. The result for every
image is that of ``torchvision.transforms.AutoAugment(AutoAugmentPolicy.CIFAR10)`` with the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.transforms import functional

from pkbench.data.faults import check_colours


class Step(NamedTuple):
    """One operation of a sub-policy: done with ``probability``, at ``level`` 0 … 9 where it has a strength."""

    operation: str
    probability: float
    level: int = 0


SUB_POLICIES: tuple[tuple[Step, Step], ...] = (
    (Step("Invert", 0.1), Step("Contrast", 0.2, 6)),
    (Step("Rotate", 0.7, 2), Step("TranslateX", 0.3, 9)),
    (Step("Sharpness", 0.8, 1), Step("Sharpness", 0.9, 3)),
    (Step("ShearY", 0.5, 8), Step("TranslateY", 0.7, 9)),
    (Step("AutoContrast", 0.5), Step("Equalize", 0.9)),
    (Step("ShearY", 0.2, 7), Step("Posterize", 0.3, 7)),
    (Step("Color", 0.4, 3), Step("Brightness", 0.6, 7)),
    (Step("Sharpness", 0.3, 9), Step("Brightness", 0.7, 9)),
    (Step("Equalize", 0.6), Step("Equalize", 0.5)),
    (Step("Contrast", 0.6, 7), Step("Sharpness", 0.6, 5)),
    (Step("Color", 0.7, 7), Step("TranslateX", 0.5, 8)),
    (Step("Equalize", 0.3), Step("AutoContrast", 0.4)),
    (Step("TranslateY", 0.4, 3), Step("Sharpness", 0.2, 6)),
    (Step("Brightness", 0.9, 6), Step("Color", 0.2, 8)),
    (Step("Solarize", 0.5, 2), Step("Invert", 0.0)),
    (Step("Equalize", 0.2), Step("AutoContrast", 0.6)),
    (Step("Equalize", 0.2), Step("Equalize", 0.6)),
    (Step("Color", 0.9, 9), Step("Equalize", 0.6)),
    (Step("AutoContrast", 0.8), Step("Solarize", 0.2, 8)),
    (Step("Brightness", 0.1, 3), Step("Color", 0.7, 0)),
    (Step("Solarize", 0.4, 5), Step("AutoContrast", 0.9)),
    (Step("TranslateY", 0.9, 9), Step("TranslateY", 0.7, 9)),
    (Step("AutoContrast", 0.9), Step("Solarize", 0.8, 3)),
    (Step("Equalize", 0.8), Step("Invert", 0.1)),
    (Step("TranslateY", 0.7, 9), Step("AutoContrast", 0.9)),
)
"""The 25 sub-policies; an image gets one of them, each with the same probability."""

SIGNED = frozenset({"ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness"})
"""Operations whose magnitude is negated for half of the images."""

CHANGES = tuple(sorted({(step.operation, step.level) for pair in SUB_POLICIES for step in pair}))
"""Every operation at every level that the policy uses."""


def autoaugment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Apply a random sub-policy to each of ``images``.

    Draws from ``generator``: sub-policies (B,), then a number in [0, 1) for each of the two operations (B, 2),
    then their signs (B, 2).

    Args:
        images: uint8 (B, 1 or 3 colours, H, W), on any device; left as they are. Saturation of grey images
            is left alone, as in torchvision.
        generator: a CPU generator.

    Raises:
        DataError: images have other than 1 or 3 colours.
    """
    count, colours, height, width = images.shape
    check_colours(colours, "AutoAugment")
    chosen = torch.randint(len(SUB_POLICIES), (count,), generator=generator)
    chances = torch.rand((count, 2), generator=generator)
    positive = torch.randint(2, (count, 2), generator=generator, dtype=torch.bool)
    for turn in range(2):
        steps = [pair[turn] for pair in SUB_POLICIES]
        probabilities = torch.tensor([step.probability for step in steps])[chosen]
        groups = torch.tensor([2 * CHANGES.index((step.operation, step.level)) for step in steps])[chosen]
        signed = torch.tensor([step.operation in SIGNED for step in steps])[chosen]
        groups += signed & ~positive[:, turn]
        done = chances[:, turn] <= probabilities
        images = _change_groups(images, groups, done, height, width)
    return images


def _change_groups(images: Tensor, groups: Tensor, done: Tensor, height: int, width: int) -> Tensor:
    """Change the images that are ``done``; ``groups`` // 2 is the place in CHANGES, odd ones are negated."""
    result = images.clone()
    members = done.nonzero()[:, 0]
    members = members[groups[members].argsort(stable=True)]
    sizes: list[int] = torch.bincount(groups[members], minlength=2 * len(CHANGES)).tolist()
    # One copy to the device for all groups.
    members = members.to(images.device)
    start = 0
    for group, size in enumerate(sizes):
        if size:
            rows = members[start : start + size]
            operation, level = CHANGES[group // 2]
            strength = magnitude(operation, level, height, width) * (-1.0 if group % 2 else 1.0)
            result.index_copy_(0, rows, OPERATIONS[operation](images.index_select(0, rows), strength))
            start += size
    return result


def magnitude(operation: str, level: int, height: int, width: int) -> float:
    """Strength of ``operation`` at ``level`` 0 … 9 of 10, without sign; 0 where it has none.

    Taken from a float32 grid as torchvision's is: 255·(1 - 3/9) has to be the same number to the last bit.
    """
    match operation:
        case "ShearY":
            span = (0.0, 0.3)
        case "TranslateX":
            span = (0.0, 150.0 / 331.0 * width)
        case "TranslateY":
            span = (0.0, 150.0 / 331.0 * height)
        case "Rotate":
            span = (0.0, 30.0)
        case "Brightness" | "Color" | "Contrast" | "Sharpness":
            span = (0.0, 0.9)
        case "Posterize":
            return 8.0 - round(level / 2.25)
        case "Solarize":
            span = (255.0, 0.0)
        case _:
            return 0.0
    return float(torch.linspace(*span, 10)[level])


def equalize(images: Tensor) -> Tensor:
    """Histogram equalisation of each colour of each image, as Pillow and torchvision define it.

    torchvision's own loops over images and colours in Python.
    """
    pixels = images.flatten(2).flatten(0, 1).long()
    planes, size = pixels.shape
    first_bin = 256 * torch.arange(planes, device=images.device)[:, None]
    below_or_at = torch.bincount((pixels + first_bin).flatten(), minlength=256 * planes).view(planes, 256).cumsum(1)
    # Pixels below the plane's highest value, spread over 255 levels.
    step = below_or_at.where(below_or_at < size, 0).amax(1, keepdim=True) // 255
    table = (below_or_at + step // 2) // step.clamp(min=1)
    table = torch.cat([torch.zeros_like(table[:, :1]), table[:, :-1]], dim=1).clamp(max=255)
    return pixels.where(step == 0, table.gather(1, pixels)).to(torch.uint8).view(images.shape)


def _translate(images: Tensor, shift_x: int, shift_y: int) -> Tensor:
    """Move ``images`` by whole pixels; what comes in is black."""
    moved: Tensor = functional.affine(images, angle=0.0, translate=[shift_x, shift_y], scale=1.0, shear=[0.0, 0.0])
    return moved


def _shear_y(images: Tensor, slope: float) -> Tensor:
    """Shear ``images`` about their top left corner; torchvision wants an angle in degrees."""
    angle = math.degrees(math.atan(slope))
    sheared: Tensor = functional.affine(
        images, angle=0.0, translate=[0, 0], scale=1.0, shear=[0.0, angle], center=[0, 0]
    )
    return sheared


OPERATIONS: Mapping[str, Callable[[Tensor, float], Tensor]] = MappingProxyType(
    {
        "ShearY": _shear_y,
        "TranslateX": lambda images, strength: _translate(images, int(strength), 0),
        "TranslateY": lambda images, strength: _translate(images, 0, int(strength)),
        "Rotate": functional.rotate,
        "Brightness": lambda images, strength: functional.adjust_brightness(images, 1.0 + strength),
        "Color": lambda images, strength: functional.adjust_saturation(images, 1.0 + strength),
        "Contrast": lambda images, strength: functional.adjust_contrast(images, 1.0 + strength),
        "Sharpness": lambda images, strength: functional.adjust_sharpness(images, 1.0 + strength),
        "Posterize": lambda images, strength: functional.posterize(images, int(strength)),
        "Solarize": functional.solarize,
        "AutoContrast": lambda images, _: functional.autocontrast(images),
        "Equalize": lambda images, _: equalize(images),
        "Invert": lambda images, _: functional.invert(images),
    }
)
"""What each operation does to images (B, colours, H, W) uint8 at a strength."""
