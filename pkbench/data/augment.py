"""Random changes of training images, for a whole batch at once.

All random numbers are drawn on the CPU from the generator given, in an order that depends only on what the
spec asks for, so that the same images come out on every device. Where :func:`draws_first` holds, numbers can be drawn for several
batches before their images are changed together: on a GPU that takes hardly longer than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
    images = change(images, spec, draw(len(images), spec, generator))
    if spec.policy == "randaugment" and spec.randaugment is not None:
        # Imported here: it brings torchvision, which nothing else in training needs.
        from pkbench.data.randaugment import randaugment

        images = randaugment(images, spec.randaugment, mean, generator)
    return images


class Draws(NamedTuple):
    """What is drawn for B images, ``None`` where a spec does not ask for it.

    Attributes:
        corners: of :func:`crop`.
        mirrored: of :func:`flip`.
        policy: of AutoAugment.
    """

    corners: Tensor | None
    mirrored: Tensor | None
    policy: tuple[Tensor, ...] | None


def draws_first(spec: Augment) -> bool:
    """Whether numbers for ``spec`` can be drawn without the images: all of it but resized crops and RandAugment."""
    return spec.resized_crop is None and spec.policy != "randaugment"


def draw(count: int, spec: Augment, generator: torch.Generator) -> Draws:
    """Draw for ``count`` images, from a CPU generator: corners, then flips, then the policy's."""
    corners = torch.randint(2 * spec.crop_padding + 1, (count, 2), generator=generator) if spec.crop_padding else None
    mirrored = torch.randint(2, (count,), generator=generator, dtype=torch.bool) if spec.flip else None
    if spec.policy != "autoaugment-cifar10":
        return Draws(corners, mirrored, None)
    from pkbench.data import autoaugment

    return Draws(corners, mirrored, autoaugment.draw(count, generator))


def joined(draws: Sequence[Draws]) -> Draws:
    """Those of several batches for all of their images, in order."""
    corners, mirrored, policy = (None if parts[0] is None else parts for parts in zip(*draws, strict=True))
    return Draws(
        None if corners is None else torch.cat(corners),
        None if mirrored is None else torch.cat(mirrored),
        None if policy is None else tuple(torch.cat(parts) for parts in zip(*policy, strict=True)),
    )


def change(images: Tensor, spec: Augment, draws: Draws) -> Tensor:
    """Change ``images`` uint8 (B, colours, H, W) as was drawn: crop, then flip, then AutoAugment; new ones on their device.

    Raises:
        DataError: AutoAugment is asked for on images of other than 1 or 3 colours.
    """
    if draws.corners is not None:
        images = crop(images, spec.crop_padding, draws.corners)
    if draws.mirrored is not None:
        images = flip(images, draws.mirrored)
    if draws.policy is not None:
        from pkbench.data import autoaugment

        images = autoaugment.autoaugment(images, autoaugment.Draws(*draws.policy))
    return images


def crop(images: Tensor, padding: int, corners: Tensor) -> Tensor:
    """Pad each side of ``images`` (B, colours, H, W) with ``padding`` zeros and cut an H x W window.

    ``corners`` int64 (B, 2) are top and left of each image's window, 0 … 2·padding.
    """
    count, colours, height, width = images.shape
    corner = corners.to(images.device, non_blocking=True)
    tall, wide = height + 2 * padding, width + 2 * padding
    padded = functional.pad(images, (padding, padding, padding, padding))
    # A window is H runs of W bytes for each colour: every run of W bytes is a row of this view, and those are copied whole.
    runs = padded.as_strided((max(0, padded.numel() - width + 1), width), (1, 1))
    planes = torch.arange(count * colours, device=images.device).view(count, colours, 1) * (tall * wide)
    lines = (corner[:, :1] + torch.arange(height, device=images.device)) * wide + corner[:, 1:]
    return runs.index_select(0, (planes + lines[:, None]).flatten()).view(images.shape)


def flip(images: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror those of ``images`` (B, colours, H, W) left to right that are ``mirrored``, bool (B,) on the CPU."""
    # Whole images are copied: cheaper than choosing value by value.
    places = torch.arange(len(images)) + len(images) * mirrored
    return torch.cat([images, images.flip(3)]).index_select(0, places.to(images.device, non_blocking=True))
