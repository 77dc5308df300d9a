"""Folders of image files, one sub-folder a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pkbench.data.faults import RowFaults, file_error
from pkbench.data.listing import ImageFiles, image_files
from pkbench.data.pixels import decode_all
from pkbench.data.places import resolve_folder
from pkbench.data.raw import Images, Labels, RawImages, empty_images, shape_text
from pkbench.spec.data import ImageFolderData


def read(data: ImageFolderData, base: Path) -> RawImages:
    """Read every image below the folders that ``data`` names; classes are numbered in alphabetical order.

    Raises:
        DataError: a folder is missing or empty, class folders are not those expected, or images cannot be used.
    """
    train = image_files(resolve_folder(data.train_path, base))
    _check_class_count(train, data)
    if data.test_path is None:
        return RawImages(*_decoded(train, data))
    test = image_files(resolve_folder(data.test_path, base))
    if test.classes != train.classes:
        differing = sorted(set(train.classes) ^ set(test.classes))
        raise file_error(
            test.root,
            f"has other class folders than {train.root}: {', '.join(differing[:5])}",
            "both have the same",
            "add or remove the folders that differ",
        )
    return RawImages(*_decoded(train, data), *_decoded(test, data))


def _check_class_count(listing: ImageFiles, data: ImageFolderData) -> None:
    """Check the number of class folders against the spec."""
    found = len(listing.classes)
    if found != data.classes:
        shown = ", ".join(listing.classes[:5]) + (", …" if found > 5 else "")
        raise file_error(
            listing.root,
            f"has {found} class folder{'s'[: found != 1]} ({shown})",
            f"the spec states classes = {data.classes}",
            "correct classes, or the folder",
        )


def _decoded(listing: ImageFiles, data: ImageFolderData) -> tuple[Images, Labels]:
    """Images and labels of a listing, in its order."""
    number = {name: label for label, name in enumerate(listing.classes)}
    labels = np.array([number[name.split("/", 1)[0]] for name in listing.names], dtype=np.int64)
    images = empty_images(len(listing.names), data.shape, listing.root)
    faults = RowFaults(listing.root)
    for row, what in decode_all([listing.path(name) for name in listing.names], images, data.resize is not None):
        faults.add(listing.names[row], what)
    faults.check(len(images), f"images are whole, of 8 bits and {shape_text(data.shape)}{_unless_resized(data)}")
    return images, labels


def _unless_resized(data: ImageFolderData) -> str:
    """How an image's own size matters under the spec."""
    return " after resizing" if data.resize else ' (or set resize = "bilinear")'
