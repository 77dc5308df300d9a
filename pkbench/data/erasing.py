"""Random erasing (Zhong et al. 2020, arXiv 1708.04896) of a whole batch, as timm does it: after normalisation."""

from __future__ import annotations

import torch
from torch import Tensor

from pkbench.data.rectangles import Rectangles, draw_rectangles
from pkbench.spec.train import Erasing


def erase(inputs: Tensor, spec: Erasing, generator: torch.Generator) -> Tensor:
    """Overwrite one rectangle of each of ``inputs`` with probability ``spec.probability``.

    Draws from ``generator``: a number in [0, 1) for each image (B,), then what :func:`draw_rectangles` draws, then, with
    ``fill = "normal"``, one number for each value that is erased: image by image, colour by colour, row by row. An image
    for which no rectangle smaller than itself is found stays as it is.

    Args:
        inputs: normalised images, floating point (B, colours, H, W), on any device; left as they are.
        spec: how often, how much, and with what.
        generator: a CPU generator.
    """
    count, colours, height, width = inputs.shape
    chosen = torch.rand(count, dtype=torch.float64, generator=generator) < spec.probability
    drawn = draw_rectangles(count, (height, width), spec.area, spec.ratio, generator, whole=False)
    erased = drawn._replace(height=drawn.height * chosen, width=drawn.width * chosen)
    mask = _mask(erased, height, width, inputs.device)
    if spec.fill == "constant":
        return inputs.masked_fill(mask, 0.0)
    # Only what is erased is drawn: a few per cent of the batch.
    values = colours * int((erased.height * erased.width).sum())
    noise = torch.randn(values, generator=generator).to(inputs)
    return inputs.masked_scatter(mask.expand_as(inputs), noise)


def _mask(rectangles: Rectangles, height: int, width: int, device: torch.device) -> Tensor:
    """True inside of ``rectangles``: (B, 1, H, W)."""
    # One copy to the device for all four.
    top, left, tall, wide = torch.stack(rectangles).to(device)[:, :, None]
    y, x = torch.arange(height, device=device), torch.arange(width, device=device)
    rows = (y >= top) & (y < top + tall)
    columns = (x >= left) & (x < left + wide)
    mask: Tensor = rows[:, None, :, None] & columns[:, None, None, :]
    return mask
