"""Images of an extension's data set, which are checked as if they were somebody's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pkbench.data.outside import calling
from pkbench.data.raw import Images, Labels, RawImages, check_memory, checked_images, checked_labels, shape_text
from pkbench.errors import DataError
from pkbench.extend.data import Arrays
from pkbench.spec.extension import ExtensionData


def read(data: ExtensionData, base: Path) -> RawImages:
    """All images and labels, as arrays of our own.

    Raises:
        DataError: the extension fails, or what it gives is not what the spec states.
    """
    with calling(data, "read"):
        found: Any = data.loaded().extension.read(data.given(), base)
    if not isinstance(found, Arrays):
        raise _refused(data, f"read gives a {type(found).__name__}", "it gives pkbench.extend.data.Arrays")
    parts = [found.test_images is not None, found.test_labels is not None, data.test_count is None]
    if len(set(parts)) > 1:
        has = "test images" if found.test_images is not None else "no test images"
        labels = "" if parts[0] == parts[1] else f" and {'' if parts[1] else 'no '}test labels"
        stated = "no test_count" if data.test_count is None else f"test_count = {data.test_count}"
        what = f"it has {has}{labels}, and the spec states {stated}"
        raise _refused(data, what, "test images are a part of their own, with labels, or are cut by test_count")
    train = _part(data, "train", found.train_images, found.train_labels)
    if found.test_images is None:
        return RawImages(*train)
    return RawImages(*train, *_part(data, "test", found.test_images, found.test_labels))


def _part(data: ExtensionData, part: str, images: Any, labels: Any) -> tuple[Images, Labels]:
    origin = f"data set {data.id}"
    for name, values in ((f"{part}_images", images), (f"{part}_labels", labels)):
        if not isinstance(values, np.ndarray):
            raise _refused(data, f"{name} is a {type(values).__name__}", "images and labels are NumPy arrays")
    seen = checked_images(images, data.shape, False, origin, f"{part}_images")
    check_memory(2 * seen.size, f"{len(seen)} images of {shape_text(data.shape)}", origin)
    # Copied: nothing that the extension does with its arrays later changes these.
    own = np.array(seen, dtype=np.uint8, order="C", subok=False)
    whole = checked_labels(np.array(labels, subok=False), len(own), data.classes, origin, f"{part}_labels")
    return own, whole


def _refused(data: ExtensionData, what: str, constraint: str) -> DataError:
    installed = data.loaded().installed
    remedy = f"correct the spec, or update {installed.distribution}"
    return DataError(f"data set {data.id}: data extension {installed}: {what}", constraint=constraint, remedy=remedy)
