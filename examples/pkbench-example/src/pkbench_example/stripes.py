"""Stripes: generated images whose class is the direction of their stripes. They need no file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pkbench.extend.base import Options
from pkbench.extend.data import Arrays, DataExtension

CLASSES = 4
"""Directions, 45 degrees apart."""


class StripesOptions(Options):
    """What a spec says of the stripes."""

    count: Annotated[int, Field(ge=CLASSES, le=100_000)]
    """Images in all, classes in turn."""
    size: Annotated[int, Field(ge=4, le=256)]
    """Pixels of a side."""
    noise: Annotated[float, Field(ge=0, le=10)]
    """Deviation of the noise; the stripes are from -1 to 1."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    """Names what is generated."""


class StripesExtension(DataExtension[StripesOptions]):
    """``name = "stripes"``: grey images of one size, four classes, no test part of their own."""

    api = 1
    result_version = 1
    options = StripesOptions

    def files(self, options: StripesOptions, base: Path) -> Mapping[str, Path]:
        """None: the options and ``result_version`` say what is generated."""
        del options, base
        return {}

    def count(self, options: StripesOptions, base: Path) -> tuple[int, int]:
        """As stated."""
        del base
        return options.count, 0

    def read(self, options: StripesOptions, base: Path) -> Arrays:
        """A wave of three periods in the direction of the class, at a phase of its own, in noise."""
        import numpy as np

        del base
        random = np.random.Generator(np.random.PCG64(options.seed))
        labels = np.arange(options.count) % CLASSES
        rows, columns = np.mgrid[: options.size, : options.size] / options.size
        angles = (np.pi * labels / CLASSES)[:, None, None]
        along = np.cos(angles) * columns + np.sin(angles) * rows
        phases = random.uniform(0, 2 * np.pi, (options.count, 1, 1))
        waves = np.sin(6 * np.pi * along + phases)
        waves += options.noise * random.standard_normal(waves.shape)
        pixels = np.clip(np.rint(128 + 50 * waves), 0, 255).astype(np.uint8)
        return Arrays(train_images=pixels[..., None], train_labels=labels)
