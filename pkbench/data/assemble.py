"""A data set split and measured, as arrays: what training moves to a device and what a summary counts. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from pathlib import Path

import numpy as np

from pkbench.data.raw import Images, Labels, RawImages
from pkbench.data.sources.table import read
from pkbench.data.split import Rows, random_order, split
from pkbench.spec.data import AnyData, TorchvisionData
from pkbench.spec.data_parts import DataPart

_CHUNK = 4096
"""Images whose pixels are counted at a time: bounds the memory for wider integers."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """One part: images (N, H, W, colours) uint8 and labels (N,) int64."""

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Assembled:
    """The parts of a data set, each in a random order, with mean and deviation of each colour on the scale [0, 1].

    ``mean`` is 0 and ``std`` 1 where the spec asks for no normalisation; a deviation of 0 is 1.
    """

    train: Arrays
    validation: Arrays
    test: Arrays
    mean: tuple[float, ...]
    std: tuple[float, ...]


def assemble(data: AnyData, base: Path) -> Assembled:
    """Read, check and split ``data``; relative paths begin in the folder ``base``.

    Every part is in a random order named by ``split_seed``, so that files sorted by class do no harm.

    Raises:
        DataError: the data is missing, damaged, or not what the spec states.
    """
    raw = read(data, base)
    rows = split(
        raw.train_labels,
        test_count=0 if raw.test_images is not None else _test_count(data),
        validation_count=data.validation_count,
        split_seed=data.split_seed,
        data_id=data.id,
    )
    mean, std = _normalisation(raw.train_images, rows.train, data)
    return Assembled(
        train=Arrays(raw.train_images[rows.train], raw.train_labels[rows.train]),
        validation=Arrays(raw.train_images[rows.validation], raw.train_labels[rows.validation]),
        test=_test_part(raw, rows.test, data),
        mean=mean,
        std=std,
    )


def _test_count(data: AnyData) -> int:
    """Test images to cut from the training part of a source without its own."""
    count = None if isinstance(data, TorchvisionData) else data.test_count
    if count is None:
        raise AssertionError(f"{data.source} was read without a test part and without test_count")
    return count


def _test_part(raw: RawImages, cut: Rows, data: AnyData) -> Arrays:
    """The source's own test part, or the rows ``cut`` from its training part."""
    if raw.test_images is None or raw.test_labels is None:
        return Arrays(raw.train_images[cut], raw.train_labels[cut])
    order = random_order(len(raw.test_labels), "order of the test part", data.split_seed)
    return Arrays(raw.test_images[order], raw.test_labels[order])


def _normalisation(images: Images, train: Rows, data: DataPart) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each colour over the rows ``train``, or 0 and 1 where none is asked for."""
    colours = images.shape[3]
    if data.normalize == "none":
        return (0.0,) * colours, (1.0,) * colours
    statistics = [_mean_and_std(_histogram(images, train, colour)) for colour in range(colours)]
    return tuple(mean for mean, _ in statistics), tuple(std for _, std in statistics)


def _histogram(images: Images, rows: Rows, colour: int) -> list[int]:
    """How often each of the 256 values occurs in one colour of ``rows``."""
    counts = np.zeros(256, dtype=np.int64)
    for start in range(0, len(rows), _CHUNK):
        chunk = images[rows[start : start + _CHUNK], :, :, colour]
        counts += np.bincount(chunk.ravel(), minlength=256)
    return [int(count) for count in counts]


def _mean_and_std(histogram: list[int]) -> tuple[float, float]:
    """Mean and population deviation of values / 255, computed exactly; a deviation of 0 becomes 1."""
    count = sum(histogram)
    mean = Fraction(sum(value * times for value, times in enumerate(histogram)), count)
    square = Fraction(sum(value * value * times for value, times in enumerate(histogram)), count)
    std = sqrt(square - mean * mean) / 255
    return float(mean / 255), std or 1.0
