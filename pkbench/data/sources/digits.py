"""Handwritten digits that ship with scikit-learn: 1,797 grey images of 8 x 8, values 0 … 16."""

from __future__ import annotations

import gzip
import zlib

import numpy as np

from pkbench.data.faults import file_error
from pkbench.data.layout import digits_file
from pkbench.data.pixels import resized
from pkbench.data.raw import RawImages, checked_images, checked_labels
from pkbench.spec.data import DIGITS_SHAPE, DigitsData


def read(data: DigitsData) -> RawImages:
    """Read the file itself: the checksum is of this file, and scikit-learn need not be imported.

    Values v = 0 … 16 become round(255 v / 16), from which v can be had back. There is no test part.

    Raises:
        DataError: the file is missing or damaged, or the spec states another shape or number of classes.
    """
    file = digits_file()
    (height, width, _), _ = DIGITS_SHAPE
    try:
        with gzip.open(file, "rt", encoding="ascii") as lines:
            table = np.array([line.split(",") for line in lines]).astype(np.int64).reshape(-1, height * width + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise file_error(
            file,
            f"cannot be read: {error}",
            "it is scikit-learn's table of 64 values and a label a row",
            "pip install --force-reinstall scikit-learn",
        ) from error
    images = np.rint(table[:, :-1].reshape(-1, height, width) * 255 / 16).astype(np.uint8)
    images = checked_images(images, data.shape, data.resize is not None, file, "images")
    labels = checked_labels(table[:, -1], len(images), data.classes, file, "labels")
    return RawImages(resized(images, data.shape, file), labels)
