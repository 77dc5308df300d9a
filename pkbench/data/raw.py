"""What every source is read into, and the checks every source's arrays have to pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from pkbench.data.faults import RowFaults, file_error, one_line
from pkbench.errors import DataError, DataMemoryError, Place

Images = NDArray[np.uint8]
"""(N, H, W, colours), uint8."""
Labels = NDArray[np.int64]
"""(N,), int64."""
Shape = tuple[int, int, int]
"""Height, width, colours."""
Origin = Path | str
"""Where images come from, for errors: their file, or words where there is none."""


@dataclass(frozen=True, slots=True)
class RawImages:
    """A data set as read: images (N, H, W, colours) uint8, labels (N,) int64; no test part: None."""

    train_images: Images
    train_labels: Labels
    test_images: Images | None = None
    test_labels: Labels | None = None


def empty_images(count: int, shape: Shape, origin: Origin) -> Images:
    """Room for ``count`` images of ``shape``.

    Raises:
        DataError: there are none, or they do not fit into memory (a copy is needed on the way to the device).
    """
    if count == 0:
        raise file_error(origin, "holds no images", "a data set has at least one", "correct the path in the spec")
    check_memory(2 * count * shape[0] * shape[1] * shape[2], f"{count} images of {shape_text(shape)}", origin)
    return np.empty((count, *shape), dtype=np.uint8)


def check_memory(needed: int, things: str, origin: Origin) -> None:
    """Check that ``things``, which need this many bytes, fit into memory.

    Raises:
        DataMemoryError: they do not.
    """
    available = psutil.virtual_memory().available
    if needed > available:
        raise DataMemoryError(
            one_line(f"{things} need {needed / 2**30:.1f} GiB"),
            constraint=f"{available / 2**30:.1f} GiB of memory are free, and a data set is held in memory whole",
            remedy="state a smaller shape, or use a larger machine",
            place=Place(str(origin)),
        )


def checked_images(values: NDArray[Any], shape: Shape, resize: bool, file: Origin, name: str) -> Images:
    """``values`` as (N, H, W, colours) after checking type, dimensions and, unless ``resize``, height and width.

    Args:
        values: the array; (N, H, W) stands for one colour.
        shape: height, width and colours the spec states.
        resize: whether height and width may differ from ``shape``.
        file: where the array comes from.
        name: what it is called there.

    Raises:
        DataError: it is not such an array.
    """
    if values.dtype != np.uint8:
        raise file_error(
            file, f"{name} is {values.dtype}", "images are uint8, 0 … 255", f"scale {name} to 0 … 255 and store uint8"
        )
    images = values[..., None] if values.ndim == 3 else values
    if images.ndim != 4 or images.shape[3] != shape[2]:
        turned = images.ndim == 4 and images.shape[1] == shape[2]
        raise file_error(
            file,
            f"{name} has shape {values.shape}",
            f"images of {shape_text(shape)} have shape (N, {shape[0]}, {shape[1]}, {shape[2]})",
            f"store {name}.transpose(0, 2, 3, 1)" if turned else "correct the array, or shape in the spec",
        )
    if len(images) == 0 or 0 in images.shape:
        raise file_error(file, f"{name} has shape {values.shape}", "it holds images", "correct the array")
    if not resize and images.shape[1:3] != shape[:2]:
        raise file_error(
            file,
            f"{name} holds images of {images.shape[1]} x {images.shape[2]}",
            f"the spec states shape {shape_text(shape)}",
            'correct shape, or set resize = "bilinear"',
        )
    return images


def checked_labels(values: NDArray[Any], count: int, classes: int, file: Origin, name: str) -> Labels:
    """``values`` as (N,) int64 after checking type, length and range.

    Args:
        values: the array.
        count: how many images there are.
        classes: labels are 0 … classes-1.
        file: where the array comes from.
        name: what it is called there.

    Raises:
        DataError: it is not such an array; labels out of range are named by row.
    """
    if values.ndim != 1:
        flat = values.ndim == 2 and values.shape[1] == 1
        raise file_error(
            file,
            f"{name} has shape {values.shape}",
            "labels have shape (N,)",
            f"store {name}.{'reshape(-1)' if flat else 'argmax(1), if they are one-hot'}",
        )
    if values.dtype.kind not in "iu":
        raise file_error(file, f"{name} is {values.dtype}", "labels are integers", f"store {name} as int64")
    if len(values) != count:
        raise file_error(
            file, f"{name} has {len(values)} labels", f"there are {count} images", "give one label an image"
        )
    faults = RowFaults(file)
    for row in np.flatnonzero((values < 0) | (values >= classes)):
        faults.add(int(row), f"label {values[row]}")
    faults.check(count, f"labels are 0 … {classes - 1}", label_remedy(values, classes))
    return values.astype(np.int64)


def label_remedy(values: NDArray[Any], classes: int) -> str:
    """What to do about labels out of range."""
    if values.min() == 1 and values.max() == classes:
        return "labels seem to count from 1: subtract 1"
    return "correct them, or classes in the spec"


def check_classes(labels: Labels, classes: int, data_id: str) -> None:
    """Check that every class has a training image, before any are held out.

    Raises:
        DataError: some have none: ``classes`` in the spec does not fit the data.
    """
    absent = np.flatnonzero(np.bincount(labels, minlength=classes) == 0)
    if len(absent):
        shown = ", ".join(str(label) for label in absent[:5]) + (", …" if len(absent) > 5 else "")
        raise DataError(
            f"data set {data_id}: {len(absent)} of {classes} classes have no training image (labels {shown})",
            constraint="every class has at least one",
            remedy=f"correct classes in the spec (the highest label is {labels.max()}), or complete the data",
        )


def shape_text(shape: Shape) -> str:
    """``shape`` for people."""
    return f"{shape[0]} x {shape[1]} x {shape[2]}"
