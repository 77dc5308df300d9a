"""NumPy archives: arrays of numbers under named keys, never pickled objects."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from pkbench.data.faults import choices, file_error
from pkbench.errors import DataError

DAMAGE = (
    *(OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError),
    *(SyntaxError, TokenError),
)
"""What numpy raises on files that are no archive, cut off, damaged, or that lie about their size."""


def opened(file: Path) -> NpzFile:
    """The archive in ``file``, to be closed by the caller.

    Raises:
        DataError: it is no archive.
    """
    try:
        archive = np.load(file, allow_pickle=False)
    except DAMAGE as error:
        raise _not_an_archive(file, error) from error
    if not isinstance(archive, NpzFile):
        raise _not_an_archive(file, "it holds a single array")
    return archive


def array(archive: NpzFile, file: Path, key: str) -> NDArray[Any]:
    """The array called ``key`` of the ``archive`` in ``file``.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    if key not in archive.files:
        raise file_error(file, f"has no array '{key}'", "the spec names it", choices(key, archive.files))
    try:
        found = archive[key]
        # numpy hands out a member that does not begin as an array does as bytes.
        if not isinstance(found, np.ndarray):
            raise ValueError("it is no array")  # noqa: TRY004 - reported as the other damage is
    except DAMAGE as error:
        # numpy says "Object arrays cannot be loaded when allow_pickle=False" only here, and only in words.
        pickled = "allow_pickle" in str(error)
        raise file_error(
            file,
            f"{key} cannot be read: {'it holds Python objects' if pickled else error}",
            "arrays hold numbers",
            f"store {key} as {'numbers' if pickled else 'a complete array'}",
        ) from error
    return found


def _not_an_archive(file: Path, reason: object) -> DataError:
    return file_error(
        file, f"is not a NumPy archive: {reason}", "it is what numpy.savez writes", "correct path, or write it again"
    )
