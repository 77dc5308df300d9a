"""ConvMixer (Trockman & Kolter 2022, arXiv 2201.09792): depthwise convolutions mix tokens, 1 x 1 ones channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pkbench.extend.base import Options
from pkbench.extend.model import ModelExtension
from pkbench.extend.shape import Sizes

if TYPE_CHECKING:
    from torch import nn


class ConvMixerOptions(Options):
    """What a spec says of a ConvMixer."""

    channels: Annotated[int, Field(ge=1, le=4096)]
    depth: Annotated[int, Field(ge=1, le=100)]
    patch: Annotated[int, Field(ge=1, le=64)]
    kernel: Annotated[int, Field(ge=1, le=31)] = 3
    """Odd, so that a convolution keeps the size of its input."""


class ConvMixerExtension(ModelExtension[ConvMixerOptions]):
    """``name = "conv-mixer"``. Its norms are over each image alone, not over the batch as in the paper."""

    api = 1
    result_version = 1
    options = ConvMixerOptions

    def shape(self, options: ConvMixerOptions, image: tuple[int, int, int], classes: int) -> Sizes:
        """Connections are counted without the zeros that a convolution reads beyond the edges."""
        height, width, colours = image
        if height % options.patch or width % options.patch:
            raise ValueError(f"patch = {options.patch} does not divide images of {height} x {width} pixels")
        if options.kernel % 2 == 0:
            raise ValueError(f"kernel = {options.kernel} is even: a convolution would not keep the size of its input")
        rows, columns = height // options.patch, width // options.patch
        S, C, depth, kernel = rows * columns, options.channels, options.depth, options.kernel
        pixels = colours * options.patch**2
        blocks = depth * (C * _taps(rows, kernel) * _taps(columns, kernel) + S * C * C)
        operations = S * C * pixels + depth * (S * C * kernel**2 + S * C * C) + C * classes
        return Sizes(
            S=S,
            C=C,
            depth=depth,
            layers=2 * depth,
            width=S * C,
            m=S * C,
            omega=blocks / (2 * depth),
            p=blocks / (2 * depth) / (S * C) ** 2,
            block_connections=blocks,
            connections=blocks + S * C * pixels,
            parameters=C * (pixels + 3) + depth * (C * (kernel**2 + 3) + C * (C + 3)) + classes * (C + 1),
            forward_flops=2 * operations,
            activation_floats=S * (pixels + 2 * C) + depth * 6 * S * C + C,
        )

    def build(self, options: ConvMixerOptions, image: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
        """PyTorch's own initialisation, whose generator pkbench has seeded."""
        from pkbench_example.network import ConvMixer

        del seed
        return ConvMixer(
            colours=image[2],
            channels=options.channels,
            depth=options.depth,
            patch=options.patch,
            kernel=options.kernel,
            classes=classes,
        )


def _taps(size: int, kernel: int) -> int:
    """Pairs of an output and an input of a convolution along ``size`` places that is filled with zeros at its ends."""
    reach = kernel // 2
    return sum(min(place + reach, size - 1) - max(place - reach, 0) + 1 for place in range(size))
