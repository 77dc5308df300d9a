"""Checks of the data sets: against what is known of their sources without opening them."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.data import (
    DIGITS_IMAGES,
    DIGITS_SHAPE,
    TORCHVISION_SHAPES,
    TORCHVISION_TRAIN_IMAGES,
    DigitsData,
    ImageFolderData,
    NpzData,
    ParquetData,
    TorchvisionData,
)
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.scale import AnyData


def check_data(parts: Parts, index: int) -> Iterator[Fault]:
    """Faults of the data set at ``index``."""
    data = parts.data[index]
    loc: Loc = ("data", index)
    if isinstance(data, DigitsData):
        yield from _check_shape(parts, loc, data, *DIGITS_SHAPE)
    elif isinstance(data, TorchvisionData):
        yield from _check_shape(parts, loc, data, *TORCHVISION_SHAPES[data.source])
    elif isinstance(data, ParquetData | ImageFolderData):
        yield from _check_test_part(parts, loc, data)
    else:
        yield from _check_npz(parts, loc, data)
    yield from _check_counts(parts, loc, data)


def training_images(data: AnyData) -> int | None:
    """Images of ``data`` that are trained on; ``None`` where only the files can tell."""
    if isinstance(data, DigitsData):
        return DIGITS_IMAGES - data.test_count - data.validation_count
    if isinstance(data, TorchvisionData):
        return TORCHVISION_TRAIN_IMAGES[data.source] - data.validation_count
    return None


def _check_shape(parts: Parts, loc: Loc, data: AnyData, shape: tuple[int, int, int], classes: int) -> Iterator[Fault]:
    native = f"{data.source} has images of {_size(shape)} in {_colours(shape[2])}"
    at = (*loc, "shape")
    if data.shape[2] != shape[2]:
        what = f"`data.{data.id}.shape` is {list(data.shape)}, images in {_colours(data.shape[2])}"
        yield parts.fault((*at, 2), what, native, f"write shape = [{data.shape[0]}, {data.shape[1]}, {shape[2]}]")
    elif data.shape != shape and data.resize is None:
        what = f"`data.{data.id}.shape` is {list(data.shape)} and nothing resizes"
        yield parts.fault(at, what, native, f'write shape = {list(shape)}, or add resize = "bilinear"')
    if data.classes != classes:
        what = f"`data.{data.id}.classes` is {data.classes}"
        yield parts.fault((*loc, "classes"), what, f"{data.source} has {classes} classes", f"write {classes}")


def _size(shape: tuple[int, int, int]) -> str:
    return f"{shape[0]} x {shape[1]} pixels"


def _colours(count: int) -> str:
    return f"{count} colour{'' if count == 1 else 's'}"


def _check_test_part(parts: Parts, loc: Loc, data: ParquetData | ImageFolderData) -> Iterator[Fault]:
    if data.test_path is not None and data.test_count is not None:
        what = f"`data.{data.id}` gives both test_path and test_count"
        constraint = "the test images are either a part of their own or cut from the training images"
        yield parts.fault((*loc, "test_count"), what, constraint, "leave one of them out")
    if data.test_path is None and data.test_count is None:
        what = f"`data.{data.id}` says nothing about its test images"
        yield parts.fault(loc, what, "it needs test_path or test_count", "add one of them")


def _check_npz(parts: Parts, loc: Loc, data: NpzData) -> Iterator[Fault]:
    if data.test_count is None:
        return
    for name in sorted(data.model_fields_set & {"test_images", "test_labels"}):
        what = f"`data.{data.id}` gives both test_count and {name}"
        constraint = f"{name} is not looked up where the test images are cut from the training images"
        yield parts.fault((*loc, name), what, constraint, "leave one of them out")


def _check_counts(parts: Parts, loc: Loc, data: AnyData) -> Iterator[Fault]:
    left = training_images(data)
    if left is not None and left < 1:
        held_out = f"test_count = {data.test_count} and " if isinstance(data, DigitsData) else ""
        total = left + data.validation_count + (data.test_count if isinstance(data, DigitsData) else 0)
        what = f"`data.{data.id}`: {held_out}validation_count = {data.validation_count} leave no image to train on"
        yield parts.fault((*loc, "validation_count"), what, f"there are {total:,} images", "hold out fewer")
