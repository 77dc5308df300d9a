"""The entries of patches, rows of the first product's operand, from images."""

from __future__ import annotations

import torch
import triton
from torch import Tensor

from pkbench.models.mixers import Mixer
from pkbench.train.engines.batch_last.layout import pixel_rows
from pkbench.train.engines.fused.kernels import ROUNDING
from pkbench.train.engines.fused.kernels.copies import copy_pixels
from pkbench.train.engines.fused.products import aligned

_PIXELS, _MOST_IMAGES = 64, 64


class Patches:
    """Takes images of (colours, height, width) apart as ``model`` does.

    Attributes:
        tokens: patches of an image.
    """

    def __init__(self, model: Mixer, image: tuple[int, int, int], device: torch.device) -> None:
        places = pixel_rows(model, image)
        self._entries, self.tokens = places.shape
        rows = torch.full((image[0] * image[1] * image[2],), -1, dtype=torch.int32)
        rows[places.flatten()] = torch.arange(places.numel(), dtype=torch.int32)
        self._rows = rows.to(device)

    def of(self, inputs: Tensor, dtype: torch.dtype) -> Tensor:
        """The operand (K, aligned entries, tokens * B) of images (K, B, colours, H, W)."""
        K, B = inputs.shape[:2]
        pixels = len(self._rows)
        operand = torch.empty(K, aligned(self._entries), self.tokens * B, dtype=dtype, device=inputs.device)
        if operand.shape[1] > self._entries:
            operand[:, self._entries :] = 0
        images = min(triton.next_power_of_2(B), _MOST_IMAGES)
        copy_pixels[-(-pixels // _PIXELS), -(-B // images), K](
            *(inputs.contiguous(), self._rows, operand),
            *(pixels, B, operand.shape[1] * self.tokens),
            PIXELS=_PIXELS,
            IMAGES=images,
            **ROUNDING,
        )
        return operand
