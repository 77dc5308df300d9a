"""NumPy archives: uint8 images and integer labels under named keys, never pickled objects."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from pkbench.data.faults import choices, file_error
from pkbench.data.pixels import resized
from pkbench.data.places import resolve_file
from pkbench.data.raw import Images, Labels, RawImages, checked_images, checked_labels
from pkbench.errors import DataError
from pkbench.spec.data import NpzData

_DAMAGE = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError)
"""What numpy raises on files that are no archive, cut off, damaged, or that lie about their size."""


def read(data: NpzData, base: Path) -> RawImages:
    """Read the arrays that ``data`` names.

    Raises:
        DataError: the file is missing or no archive, a key is missing, or an array is not what the spec states.
    """
    file = resolve_file(data.path, base)
    try:
        archive = np.load(file, allow_pickle=False)
    except _DAMAGE as error:
        raise _not_an_archive(file, error) from error
    if not isinstance(archive, NpzFile):
        raise _not_an_archive(file, "it holds a single array")
    with archive:
        train = _part(archive, data, file, data.train_images, data.train_labels)
        if data.test_count is not None:
            return RawImages(*train)
        return RawImages(*train, *_part(archive, data, file, data.test_images, data.test_labels))


def _part(archive: NpzFile, data: NpzData, file: Path, image_key: str, label_key: str) -> tuple[Images, Labels]:
    """Images at the spec's shape, and labels, of one part."""
    images = checked_images(_array(archive, file, image_key), data.shape, data.resize is not None, file, image_key)
    labels = checked_labels(_array(archive, file, label_key), len(images), data.classes, file, label_key)
    return resized(images, data.shape, file), labels


def _array(archive: NpzFile, file: Path, key: str) -> NDArray[Any]:
    """The array called ``key``."""
    if key not in archive.files:
        raise file_error(file, f"has no array '{key}'", "the spec names it", choices(key, archive.files))
    try:
        array = archive[key]
        # numpy hands out a member that does not begin as an array does as bytes.
        if not isinstance(array, np.ndarray):
            raise ValueError("it is no array")  # noqa: TRY004 - reported as the other damage is
    except _DAMAGE as error:
        # numpy says "Object arrays cannot be loaded when allow_pickle=False" only here, and only in words.
        pickled = "allow_pickle" in str(error)
        raise file_error(
            file,
            f"{key} cannot be read: {'it holds Python objects' if pickled else error}",
            "arrays hold numbers",
            f"store {key} as {'numbers' if pickled else 'a complete array'}",
        ) from error
    return array


def _not_an_archive(file: Path, reason: object) -> DataError:
    return file_error(
        file, f"is not a NumPy archive: {reason}", "it is what numpy.savez writes", "correct path, or write it again"
    )
