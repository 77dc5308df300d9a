"""A batch's inputs from a data set's bytes on a CPU, in C: every byte looked up in a table of what it becomes, so that numbers are the same."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

import torch
from torch import Tensor

from pkbench.native.library import available, library

_EXACT = 2**24
"""Whole numbers up to it are exact in float32: sums of them do not depend on their order."""


class Policy(NamedTuple):
    """What AutoAugment does to B images: what was drawn for them, and its tables, which are by sub-policy, turn and sign (0 negative, 1 positive).

    Attributes:
        chosen: their sub-policies, int64 (B,).
        chances: float32 (B, 2): an operation is done where its probability is not less.
        positive: bool (B, 2).
        probabilities: float32 (25, 2).
        operations: their numbers, those of ``policy.c``, int64 (25, 2).
        strengths: float64 (25, 2, 2).
        moves: rows of ``pixels``, int64 (25, 2, 2).
        pixels: for each move which pixel comes to each place, int32 (moves, H * W); H * W where it would come from outside of the image.
    """

    chosen: Tensor
    chances: Tensor
    positive: Tensor
    probabilities: Tensor
    operations: Tensor
    strengths: Tensor
    moves: Tensor
    pixels: Tensor


class _Addresses(ctypes.Structure):
    """``Policy`` of ``policy.h``."""

    _fields_ = [(name, ctypes.c_void_p) for name in Policy._fields]


def usable(images: Tensor) -> bool:
    """Whether inputs of ``images`` can be made here: they are bytes on a CPU, one after another, and there is a C part."""
    return images.device.type == "cpu" and images.dtype == torch.uint8 and images.is_contiguous() and available()


def changes_exactly(images: Tensor) -> bool:
    """Whether images as large as ``images`` (…, H, W) can be changed by a policy here: sums over one have to be exact."""
    height, width = images.shape[-2:]
    return 255 * height * width <= _EXACT


class _Pictures(ctypes.Structure):
    """``Pictures`` of ``images.h``."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("images", "chosen")),
        *((name, ctypes.c_int64) for name in ("colours", "height", "width", "padding")),
        *((name, ctypes.c_void_p) for name in ("corners", "mirrored", "policy", "tables")),
    )


class Pictures:
    """Images where they lie in a data set, and what is to become of them: inputs that have not been made.

    Attributes:
        begin: place of the first one among those that the C part's structure is of.

    Args:
        images: uint8 (N, colours, H, W), :func:`usable`; 1 or 3 colours where there is a policy.
        tables: float32 (colours, 256), contiguous: what each byte becomes.
        chosen: int64 (B,), places of the images wanted; all of them without it.
        padding: zeros (of bytes) around an image, from which windows are cut.
        corners: int64 (B, 2), top and left of each window, 0 … 2·padding.
        mirrored: bool (B,), which are turned left to right.
        policy: what is done to them then, where :func:`changes_exactly` allows it.
    """

    __slots__ = ("_count", "_kept", "_structure", "begin")

    def __init__(
        self,
        images: Tensor,
        tables: Tensor,
        *,
        chosen: Tensor | None = None,
        padding: int = 0,
        corners: Tensor | None = None,
        mirrored: Tensor | None = None,
        policy: Policy | None = None,
    ) -> None:
        count, colours, height, width = images.shape
        self.begin = 0
        self._count = count if chosen is None else len(chosen)
        parts = [None if part is None else part.contiguous() for part in (images, chosen, corners, mirrored, tables)]
        changes = None if policy is None else [part.contiguous() for part in policy]
        addresses = None if changes is None else _Addresses(*(part.data_ptr() for part in changes))
        self._kept = (parts, changes, addresses)
        of_images, of_chosen, of_corners, of_mirrored, of_tables = (
            None if part is None else part.data_ptr() for part in parts
        )
        self._structure = _Pictures(
            *(of_images, of_chosen, colours, height, width, padding, of_corners, of_mirrored),
            *(None if addresses is None else ctypes.addressof(addresses), of_tables),
        )

    def __len__(self) -> int:
        return self._count

    def split(self, size: int) -> list[Pictures]:
        """One after another in parts of ``size``, the last of what is left: they share what is kept of all."""
        return [self._part(begin, min(size, self._count - begin)) for begin in range(0, self._count, size)]

    def _part(self, begin: int, count: int) -> Pictures:
        part = Pictures.__new__(Pictures)
        part.begin, part._count, part._kept, part._structure = self.begin + begin, count, self._kept, self._structure
        return part

    @property
    def address(self) -> int:
        """Of the C part's structure, which lives as long as this object."""
        return ctypes.addressof(self._structure)

    def inputs(self, into: Tensor | None = None) -> Tensor:
        """Made: float32 (B, colours, H, W), in the place of others of that shape, ``into``, where there are such.

        Raises:
            MemoryError: there is none for an image.
        """
        about = self._structure
        found = torch.empty(self._count, about.colours, about.height, about.width) if into is None else into
        if not library().pk_images(self.address, self.begin, self._count, found.data_ptr()):
            raise MemoryError("no memory for the bytes of an image")
        return found
