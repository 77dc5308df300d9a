"""A data set as training sees it: three parts, each one tensor on the device, and its normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import sqrt
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pkbench.data.raw import Images, Labels, RawImages
from pkbench.data.sources.table import read
from pkbench.data.split import Rows, random_order, split
from pkbench.errors import DataError
from pkbench.spec.data import AnyData, DataPart, TorchvisionData

_CHUNK = 4096
"""Images whose pixels are counted at a time: bounds the memory for wider integers."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a data set, whole.

    Attributes:
        images: uint8 (N, colours, H, W), contiguous.
        labels: int64 (N,), on the same device.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Images on a device, split, with what is needed to make them a model's input.

    Attributes:
        train: images to train on.
        validation: images held out of the training part; may be empty.
        test: images to test on.
        mean: of each colour, on the scale [0, 1]; 0 where the spec asks for no normalisation.
        std: deviation of each colour, on the same scale; 1 where it is 0 or no normalisation is asked for.
        classes: number of classes; labels are 0 … classes-1.
    """

    train: Part
    validation: Part
    test: Part
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int

    def to_input(self, images: Tensor) -> Tensor:
        """``images`` (B, colours, H, W) uint8 as a model's input: (images / 255 - mean) / std in float32."""
        mean, std = self._statistics
        return images.to(torch.float32).div_(255).sub_(mean).div_(std)

    @cached_property
    def _statistics(self) -> tuple[Tensor, Tensor]:
        """``mean`` and ``std`` as (colours, 1, 1) on the device: copying them for every batch would stall a GPU."""
        device = self.train.images.device
        # Kept beyond an evaluation that may be the first to ask: not to be one of its inference tensors.
        with torch.inference_mode(mode=False):
            mean = torch.tensor(self.mean, dtype=torch.float32, device=device)
            std = torch.tensor(self.std, dtype=torch.float32, device=device)
            return mean[:, None, None], std[:, None, None]


def load(data: AnyData, base: Path, device: torch.device | str) -> Dataset:
    """Read, check, split and move ``data`` to ``device``.

    Every part is in a random order named by ``split_seed``, so that files sorted by class do no harm.

    Args:
        data: the data set as its spec states it.
        base: folder of the spec, where relative paths begin.
        device: where the tensors shall lie.

    Raises:
        DataError: the data is missing, damaged, not what the spec states, or too large for the device.
    """
    raw = read(data, base)
    test_count = 0 if raw.test_images is not None else _test_count(data)
    rows = split(
        raw.train_labels,
        test_count=test_count,
        validation_count=data.validation_count,
        split_seed=data.split_seed,
        data_id=data.id,
    )
    mean, std = _normalisation(raw.train_images, rows.train, data)
    try:
        return Dataset(
            train=_part(raw.train_images, raw.train_labels, rows.train, device),
            validation=_part(raw.train_images, raw.train_labels, rows.validation, device),
            test=_test_part(raw, rows.test, data, device),
            mean=mean,
            std=std,
            classes=data.classes,
        )
    except torch.OutOfMemoryError as error:
        raise DataError(
            f"data set {data.id} does not fit into the memory of {device}",
            constraint="a data set is held there whole",
            remedy="state a smaller shape with resize, free memory, or use another device",
        ) from error


def _test_count(data: AnyData) -> int:
    """Test images to cut from the training part of a source without its own."""
    count = None if isinstance(data, TorchvisionData) else data.test_count
    if count is None:
        raise AssertionError(f"{data.source} was read without a test part and without test_count")
    return count


def _test_part(raw: RawImages, cut: Rows, data: AnyData, device: torch.device | str) -> Part:
    """The source's own test part, or the rows ``cut`` from its training part."""
    if raw.test_images is None or raw.test_labels is None:
        return _part(raw.train_images, raw.train_labels, cut, device)
    order = random_order(len(raw.test_labels), "order of the test part", data.split_seed)
    return _part(raw.test_images, raw.test_labels, order, device)


def _part(images: Images, labels: Labels, rows: Rows, device: torch.device | str) -> Part:
    """``rows`` of (N, H, W, colours) images as a part on ``device``."""
    chosen = torch.from_numpy(images[rows])
    return Part(
        chosen.permute(0, 3, 1, 2).contiguous().to(device),
        torch.from_numpy(labels[rows]).to(device),
    )


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
