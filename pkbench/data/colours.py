"""Changes of colour that policies are made of, for a batch with a strength for each image.

The result for each image is that of torchvision's function on it alone, where torchvision has one. Everything is computed in
float32 as there, but for all images at once and with few temporary copies: with small images these are what costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor


def equalize(images: Tensor) -> Tensor:
    """Histogram equalisation of each colour of each of ``images`` uint8 (B, colours, H, W), as Pillow and torchvision define it.

    torchvision's own loops over images and colours in Python.
    """
    pixels = images.flatten(2).flatten(0, 1).long()
    planes, size = pixels.shape
    one = torch.ones((), dtype=torch.int32, device=images.device)
    counts = torch.zeros((planes, 256), dtype=torch.int32, device=images.device)
    counts.scatter_add_(1, pixels, one.expand(planes, size))
    # Pixels below the plane's highest value, spread over 255 levels.
    highest = images.amax(dim=(2, 3)).view(planes, 1).long()
    step = (size - counts.gather(1, highest)) // 255
    # Whole numbers in float64, where a quotient is rounded down exactly: dividing integers is slower.
    below = counts.double().cumsum(1).sub_(counts)
    table = below.add_(step // 2).div_(step.clamp(min=1)).floor_().clamp_(max=255)
    table = table.where(step > 0, torch.arange(256, dtype=torch.float64, device=images.device))
    return table.to(torch.uint8).gather(1, pixels).view(images.shape)


def autocontrast(images: Tensor) -> Tensor:
    """Stretch each colour of each image to 0 … 255; one that has a single value stays."""
    low = images.amin(dim=(2, 3), keepdim=True).float()
    scale = 255 / (images.amax(dim=(2, 3), keepdim=True).float() - low)
    flat = scale.isinf()
    low, scale = low.masked_fill(flat, 0), scale.masked_fill(flat, 1)
    return images.float().sub_(low).mul_(scale).clamp_(0, 255).to(torch.uint8)


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest ``bits`` of each value."""
    mask = (256 - 2 ** (8 - bits)).to(torch.uint8).to(images.device, non_blocking=True)
    return images & mask[:, None, None, None]


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert values from ``threshold`` on."""
    # 255 - v is v with all bits inverted, and 255 is the byte -1.
    inverted = (images.float() >= _each(threshold, images)).view(torch.uint8).neg_()
    return inverted.bitwise_xor_(images)


def solarize_add(images: Tensor, add: Tensor) -> Tensor:
    """Add to values below 128."""
    values = images.float()
    return (values < 128).float().mul_(_each(add, images)).add_(values).clamp_(max=255).to(torch.uint8)


def color(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the grey version; grey images stay."""
    if images.shape[1] == 1:
        return images
    values = images.float()
    return _blend(values, _grey(values), factor)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the mean of the grey version."""
    values = images.float()
    grey = values if images.shape[1] == 1 else _grey(values)
    return _blend(values, grey.mean(dim=(1, 2, 3), keepdim=True), factor)


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with black."""
    return images.float().mul_(_each(factor, images)).clamp_(0, 255).to(torch.uint8)


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with a blurred version; the outermost pixels, and images that have no others, stay."""
    height, width = images.shape[2:]
    if min(height, width) <= 2:
        return images
    values = images.float()
    across = values[..., :-2] + values[..., 1:-1] + values[..., 2:]
    total = across[:, :, :-2] + across[:, :, 1:-1] + across[:, :, 2:]
    # The middle counts five times. A whole number over 13 is never half-way between two: rounding is exact.
    total.add_(values[:, :, 1:-1, 1:-1], alpha=4)
    blurred = values.clone()
    blurred[:, :, 1:-1, 1:-1] = total.div_(13).round_()
    return _blend(values, blurred, factor)


def _each(values: Tensor, images: Tensor) -> Tensor:
    """A number for each image, as float32 (B, 1, 1, 1) beside ``images``."""
    return values.float().to(images.device, non_blocking=True)[:, None, None, None]


def _grey(values: Tensor) -> Tensor:
    """The grey version of RGB ``values``, whole numbers as float32 (B, 1, H, W)."""
    red, green, blue = torch.split(values, 1, dim=1)
    return (0.2989 * red).add_(0.587 * green).add_(0.114 * blue).floor_()


def _blend(values: Tensor, others: Tensor, factor: Tensor) -> Tensor:
    """``factor`` of ``values`` and the rest of ``others``, cut off at 0 and 255, rounded down; overwrites ``values``."""
    rest = others * _each(1 - factor, values)
    return values.mul_(_each(factor, values)).add_(rest).clamp_(0, 255).to(torch.uint8)


COLOURS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "AutoContrast": lambda images, _: autocontrast(images),
        "Equalize": lambda images, _: equalize(images),
        "Invert": lambda images, _: 255 - images,
        "Posterize": posterize,
        "Solarize": solarize,
        "SolarizeAdd": solarize_add,
        "Color": color,
        "Contrast": contrast,
        "Brightness": brightness,
        "Sharpness": sharpness,
    }
)
"""What each operation does to images (B, 1 or 3 colours, H, W) uint8, on any device, with strengths float64 (B,) on the CPU."""
