"""What a loaded data set consists of, in numbers: for people and for a manifest that says the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pkbench.data.assemble import Arrays, Assembled
from pkbench.spec.data import AnyData


@dataclass(frozen=True, slots=True)
class Summary:
    """A data set in numbers; nothing in it depends on where or when it was read.

    Attributes:
        id: name in the spec.
        source: kind of source.
        checksum: SHA-256 of the content on disk.
        shape: height, width and colours of an image as the model sees it.
        classes: number of classes.
        train, validation, test: number of images.
        per_class: fewest and most training images of a class.
        mean, std: of each colour, as used for the input.
        repeated_in_test: test images that equal a training or validation image, pixel by pixel.
    """

    id: str
    source: str
    checksum: str
    shape: tuple[int, int, int]
    classes: int
    train: int
    validation: int
    test: int
    per_class: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    repeated_in_test: int


def summarise(data: AnyData, checksum: str, dataset: Assembled) -> Summary:
    """``dataset``, read from ``data`` with ``checksum``, in numbers."""
    sizes = np.bincount(dataset.train.labels, minlength=data.classes)
    return Summary(
        id=data.id,
        source=data.source,
        checksum=checksum,
        shape=data.shape,
        classes=data.classes,
        train=len(dataset.train),
        validation=len(dataset.validation),
        test=len(dataset.test),
        per_class=(int(sizes.min()), int(sizes.max())),
        mean=dataset.mean,
        std=dataset.std,
        repeated_in_test=repeated_in_test(dataset),
    )


def repeated_in_test(dataset: Assembled) -> int:
    """Number of test images that are also, pixel by pixel, in the training or validation part."""
    seen = set(_fingerprints(dataset.train)) | set(_fingerprints(dataset.validation))
    return sum(fingerprint in seen for fingerprint in _fingerprints(dataset.test))


def _fingerprints(part: Arrays) -> Iterator[bytes]:
    """A hash of each image's pixels."""
    for image in part.images:
        yield hashlib.blake2b(image.tobytes(), digest_size=16).digest()
