"""NumPy archives: uint8 images and integer labels under named keys, never pickled objects."""

from __future__ import annotations

from pathlib import Path

from numpy.lib.npyio import NpzFile

from pkbench.data.archive import array, opened
from pkbench.data.pixels import resized
from pkbench.data.places import resolve_file
from pkbench.data.raw import Images, Labels, RawImages, checked_images, checked_labels
from pkbench.spec.data import NpzData


def read(data: NpzData, base: Path) -> RawImages:
    """Read the arrays that ``data`` names.

    Raises:
        DataError: the file is missing or no archive, a key is missing, or an array is not what the spec states.
    """
    file = resolve_file(data.path, base)
    with opened(file) as archive:
        train = _part(archive, data, file, data.train_images, data.train_labels)
        if data.test_count is not None:
            return RawImages(*train)
        return RawImages(*train, *_part(archive, data, file, data.test_images, data.test_labels))


def _part(archive: NpzFile, data: NpzData, file: Path, image_key: str, label_key: str) -> tuple[Images, Labels]:
    """Images at the spec's shape, and labels, of one part."""
    images = checked_images(array(archive, file, image_key), data.shape, data.resize is not None, file, image_key)
    labels = checked_labels(array(archive, file, label_key), len(images), data.classes, file, label_key)
    return resized(images, data.shape, file), labels
