"""NumPy archives: arrays of numbers under named keys, never pickled objects."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any, cast

import numpy as np
from numpy.lib import format as npy
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from pkbench.data.faults import choices, file_error
from pkbench.data.raw import check_memory
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
        shape, dtype = header(cast("zipfile.ZipFile", archive.zip), key)
        if not dtype.hasobject:
            check_memory(math.prod(shape) * dtype.itemsize, f"{key} of shape {shape}", file)
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


def header(archive: zipfile.ZipFile, key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of the array called ``key``, which is not read: it may be a bomb.

    Raises:
        ValueError: or another of :data:`DAMAGE`; it is no array.
    """
    # numpy finds members by their name with and without the ending.
    name = key if key in archive.namelist() else f"{key}.npy"
    with archive.open(name) as file:
        try:
            version = npy.read_magic(file)
        except ValueError as error:
            raise ValueError("it is no array") from error
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    if min(shape, default=1) < 0:
        raise ValueError(f"its shape is {shape}")
    return shape, dtype


def _not_an_archive(file: Path, reason: object) -> DataError:
    return file_error(
        file, f"is not a NumPy archive: {reason}", "it is what numpy.savez writes", "correct path, or write it again"
    )
