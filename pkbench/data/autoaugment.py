"""AutoAugment's CIFAR-10 policy (Cubuk et al. 2019, arXiv 1805.09501, Table 7), batched.

Images are grouped by operation, and each group is changed at once, with a strength for each image. The result for every
image is that of ``torchvision.transforms.AutoAugment(AutoAugmentPolicy.CIFAR10)`` with the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.transforms import functional

from pkbench.data.colours import COLOURS
from pkbench.data.faults import check_colours
from pkbench.data.groups import change_groups
from pkbench.native import images as native


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

FACTORS = frozenset({"Brightness", "Color", "Contrast", "Sharpness"})
"""Operations whose strength is a factor: 1 plus the magnitude."""

_COLOURS = tuple(COLOURS)
_MOVE = 1 + len(_COLOURS)
"""Group of the images whose pixels move; those before it are for the operations on colours; ``policy.c`` has the same numbers."""


class _Policy(NamedTuple):
    """The sub-policies as tables, by sub-policy, turn and, where there is a third index, sign: 0 negative, 1 positive.

    Attributes:
        probabilities: float32 (25, 2).
        groups: of :func:`change_groups`, int64 (25, 2).
        strengths: of operations on colours, float64 (25, 2, 2).
        moves: rows of ``sources`` and ``inside``, int64 (25, 2, 2); 0 for operations on colours.
        sources: for each move which pixel comes to each place, int64 (moves, H * W) on the images' device.
        inside: 0 where it would come from outside of the image, else 1: uint8 (moves, H * W).
    """

    probabilities: Tensor
    groups: Tensor
    strengths: Tensor
    moves: Tensor
    sources: Tensor
    inside: Tensor


class Draws(NamedTuple):
    """What is drawn for B images: their sub-policies (B,), a number in [0, 1) and a sign for each of two operations (B, 2)."""

    chosen: Tensor
    chances: Tensor
    positive: Tensor


def draw(count: int, generator: torch.Generator) -> Draws:
    """For ``count`` images, from a CPU generator: sub-policies, then chances, then signs."""
    return Draws(
        torch.randint(len(SUB_POLICIES), (count,), generator=generator),
        torch.rand((count, 2), generator=generator),
        torch.randint(2, (count, 2), generator=generator, dtype=torch.bool),
    )


def autoaugment(images: Tensor, draws: Draws) -> Tensor:
    """Apply to each of ``images`` the sub-policy that was drawn for it.

    Args:
        images: uint8 (B, 1 or 3 colours, H, W), on any device; left as they are. Saturation of grey images
            is left alone, as in torchvision.
        draws: for each of them.

    Raises:
        DataError: images have other than 1 or 3 colours.
    """
    _, colours, height, width = images.shape
    check_colours(colours, "AutoAugment")
    chosen, chances, positive = draws
    policy = _policy(height, width, images.device)
    groups = policy.groups[chosen].masked_fill(chances > policy.probabilities[chosen], 0)
    strengths, moves = (
        torch.where(positive, by_sign[chosen, :, 1], by_sign[chosen, :, 0])
        for by_sign in (policy.strengths, policy.moves)
    )
    for turn in range(2):
        change = partial(_change, strengths=strengths[:, turn], moves=moves[:, turn], policy=policy)
        images = change_groups(images, groups[:, turn], change)
    return images


def in_one_pass(draws: Draws, shape: Sequence[int]) -> native.Policy:
    """What :func:`pkbench.native.images.inputs` needs to do the same as :func:`autoaugment` to images of ``shape`` (…, colours, H, W).

    Raises:
        DataError: they have other than 1 or 3 colours.
    """
    *_, colours, height, width = shape
    check_colours(colours, "AutoAugment")
    policy = _policy(height, width, torch.device("cpu"))
    return native.Policy(
        *draws, policy.probabilities, policy.groups, policy.strengths, policy.moves, _pixels(height, width)
    )


def _change(group: int, images: Tensor, places: Tensor, *, strengths: Tensor, moves: Tensor, policy: _Policy) -> Tensor:
    """What becomes of a group's ``images``, which are at ``places`` of a batch with these ``strengths`` and ``moves``."""
    if group == _MOVE:
        return _moved(images, moves[places].to(images.device, non_blocking=True), policy)
    return COLOURS[_COLOURS[group - 1]](images, strengths[places])


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


def strength(operation: str, level: int, sign: float, height: int, width: int) -> float:
    """What ``operation`` is done with at ``level``: its magnitude with the ``sign`` 1 or -1, or the factor that makes."""
    signed = magnitude(operation, level, height, width) * (sign if operation in SIGNED else 1.0)
    return 1.0 + signed if operation in FACTORS else signed


def move(images: Tensor, operation: str, amount: float) -> Tensor:
    """Shear, shift or turn ``images`` (B, colours, H, W) by ``amount``, each pixel to the nearest; what comes in is 0."""
    shift, slope, center = [0, 0], 0.0, None
    match operation:
        case "Rotate":
            turned: Tensor = functional.rotate(images, amount)
            return turned
        case "TranslateX":
            shift = [int(amount), 0]
        case "TranslateY":
            shift = [0, int(amount)]
        case "ShearY":
            # About the top left corner; torchvision wants an angle in degrees.
            slope, center = math.degrees(math.atan(amount)), [0, 0]
        case _:
            raise AssertionError(f"{operation} moves nothing")
    moved: Tensor = functional.affine(images, 0.0, shift, 1.0, [0.0, slope], center=center)
    return moved


def _moved(images: Tensor, moves: Tensor, policy: _Policy) -> Tensor:
    """Each of ``images`` after one of the policy's moves, int64 (B,) on their device."""
    sources = policy.sources.index_select(0, moves)[:, None].expand(-1, images.shape[1], -1)
    taken = images.flatten(2).gather(2, sources)
    return taken.mul_(policy.inside.index_select(0, moves)[:, None]).view(images.shape)


@lru_cache(maxsize=4)
def _policy(height: int, width: int, device: torch.device) -> _Policy:
    """The policy for images of ``height`` and ``width`` on ``device``."""
    # What torchvision makes of an image whose pixels are numbered from 1 tells where each of them goes.
    numbered = torch.arange(1.0, height * width + 1).view(1, 1, height, width)
    moved: dict[tuple[str, float], Tensor] = {}
    strengths = torch.zeros(len(SUB_POLICIES), 2, 2, dtype=torch.float64)
    moves = torch.zeros(len(SUB_POLICIES), 2, 2, dtype=torch.int64)
    for number, pair in enumerate(SUB_POLICIES):
        for turn, step in enumerate(pair):
            for positive, sign in enumerate((-1.0, 1.0)):
                amount = strength(step.operation, step.level, sign, height, width)
                strengths[number, turn, positive] = amount
                if step.operation not in COLOURS:
                    moved.setdefault((step.operation, amount), move(numbered, step.operation, amount))
                    moves[number, turn, positive] = list(moved).index((step.operation, amount))
    sources = torch.cat(list(moved.values())).flatten(1).long()
    groups = [
        [_COLOURS.index(s.operation) + 1 if s.operation in COLOURS else _MOVE for s in pair] for pair in SUB_POLICIES
    ]
    return _Policy(
        probabilities=torch.tensor([[step.probability for step in pair] for pair in SUB_POLICIES]),
        groups=torch.tensor(groups),
        strengths=strengths,
        moves=moves,
        sources=(sources - 1).clamp(min=0).to(device),
        inside=(sources > 0).to(torch.uint8).to(device),
    )


@lru_cache(maxsize=4)
def _pixels(height: int, width: int) -> Tensor:
    """Both ``sources`` and ``inside`` of the policy, on the CPU: int32 (moves, H * W), H * W for what comes from outside."""
    policy = _policy(height, width, torch.device("cpu"))
    return torch.where(policy.inside > 0, policy.sources, height * width).int()
