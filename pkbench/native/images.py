"""A batch's inputs from a data set's bytes on a CPU, in C: every byte looked up in a table of what it becomes, so that numbers are the same."""

from __future__ import annotations

import torch
from torch import Tensor

from pkbench.native.library import available, library


def usable(images: Tensor) -> bool:
    """Whether inputs of ``images`` can be made here: they are bytes on a CPU, one after another, and there is a C part."""
    return images.device.type == "cpu" and images.dtype == torch.uint8 and images.is_contiguous() and available()


def inputs(
    images: Tensor,
    tables: Tensor,
    *,
    chosen: Tensor | None = None,
    padding: int = 0,
    corners: Tensor | None = None,
    mirrored: Tensor | None = None,
) -> Tensor:
    """Inputs, float32 (B, colours, H, W), of ``images``, uint8 (N, colours, H, W), contiguous.

    Args:
        images: see above.
        tables: float32 (colours, 256), contiguous: what each byte becomes.
        chosen: int64 (B,), places of the images wanted; all of them without it.
        padding: zeros (of bytes) around an image, from which windows are cut.
        corners: int64 (B, 2), top and left of each window, 0 … 2·padding.
        mirrored: bool (B,), which are turned left to right.
    """
    _, colours, height, width = images.shape
    count = len(images) if chosen is None else len(chosen)
    found = torch.empty(count, colours, height, width)
    parts = [None if part is None else part.contiguous() for part in (chosen, corners, mirrored)]
    places, windows, turned = (None if part is None else part.data_ptr() for part in parts)
    library().pk_images(
        *(count, images.data_ptr(), places, colours, height, width, padding, windows, turned),
        *(tables.data_ptr(), found.data_ptr()),
    )
    return found
