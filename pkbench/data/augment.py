"""Random changes of training images, for a whole batch at once.

All random numbers are drawn on the CPU from the generator given, in an order that depends only on what the
spec asks for, so that the same images come out on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.resized_crop import resized_crop
from pkbench.spec.train import Augment


def augment(images: Tensor, spec: Augment, generator: torch.Generator, mean: tuple[float, ...] = (0.0,)) -> Tensor:
    """Change ``images`` as ``spec`` asks: resized crop, then crop, then flip, then policy.

    Random erasing, the last of what ``spec`` can ask for, is for normalised images: :func:`pkbench.data.erasing.erase`.

    Args:
        images: uint8 (B, colours, H, W), on any device; left as they are.
        spec: what to do.
        generator: a CPU generator; advanced by what ``spec`` asks for.
        mean: of each colour, or of all, on the scale [0, 1]: what RandAugment fills with; black if it is not given.

    Returns:
        uint8 (B, colours, H, W) on the device of ``images``; ``images`` itself where nothing is asked for.

    Raises:
        DataError: a policy is asked for on images of other than 1 or 3 colours.
    """
    if spec.resized_crop is not None:
        images = resized_crop(images, spec.resized_crop, generator)
    if spec.crop_padding:
        images = random_crop(images, spec.crop_padding, generator)
    if spec.flip:
        images = random_flip(images, generator)
    if spec.policy == "autoaugment-cifar10":
        # Imported here: it brings torchvision, which nothing else in training needs.
        from pkbench.data.autoaugment import autoaugment

        images = autoaugment(images, generator)
    elif spec.policy == "randaugment" and spec.randaugment is not None:
        from pkbench.data.randaugment import randaugment

        images = randaugment(images, spec.randaugment, mean, generator)
    return images


def random_crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Pad each side of ``images`` (B, colours, H, W) with ``padding`` zeros and cut a random H x W window.

    Draws top and left of each image's window, 0 … 2·padding, as one (B, 2) block.
    """
    count, colours, height, width = images.shape
    corner = torch.randint(2 * padding + 1, (count, 2), generator=generator).to(images.device)
    tall, wide = height + 2 * padding, width + 2 * padding
    padded = functional.pad(images, (padding, padding, padding, padding))
    # A window is H runs of W bytes for each colour: every run of W bytes is a row of this view, and those are copied whole.
    runs = padded.as_strided((max(0, padded.numel() - width + 1), width), (1, 1))
    planes = torch.arange(count * colours, device=images.device).view(count, colours, 1) * (tall * wide)
    lines = (corner[:, :1] + torch.arange(height, device=images.device)) * wide + corner[:, 1:]
    return runs.index_select(0, (planes + lines[:, None]).flatten()).view(images.shape)


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each of ``images`` (B, colours, H, W) left to right with probability 1/2; draws (B,) bits."""
    mirrored = torch.randint(2, (len(images),), generator=generator, dtype=torch.bool)
    # Whole images are copied: cheaper than choosing value by value.
    places = torch.arange(len(images)) + len(images) * mirrored
    return torch.cat([images, images.flip(3)]).index_select(0, places.to(images.device))
