"""SHA-256 of files, remembered between calls until a file changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from pkbench.cache import cache_folder
from pkbench.errors import DataError

_Stamp = tuple[int, int, int, int]
_Entry = tuple[_Stamp, str]

_SETTLED_NS = 2_000_000_000
"""A file changed less than this long ago could change again within the same time stamp: it is not remembered."""


def file_digests(paths: Iterable[Path], *, afresh: bool = False) -> dict[Path, str]:
    """Hexadecimal SHA-256 of each file's content.

    A digest is remembered under the file's path, device, inode, size and modification time, one memory
    file a folder. A memory that cannot be read or written is done without, and so is any with ``afresh``.

    Raises:
        DataError: a file cannot be read or changes while it is read.
    """
    by_folder: dict[Path, list[Path]] = {}
    for path in paths:
        by_folder.setdefault(path.absolute().parent, []).append(path)
    digests: dict[Path, str] = {}
    for folder, members in by_folder.items():
        memory_path = _memory_path(folder)
        memory = {} if afresh else _read_memory(memory_path)
        known = dict(memory)
        for path in members:
            digests[path] = _digest(path, known)
        if known != memory and not afresh:
            _write_memory(memory_path, known)
    return digests


def _digest(path: Path, known: dict[str, _Entry]) -> str:
    """SHA-256 of ``path``, from ``known`` where that is current, else computed and added to it."""
    try:
        with path.open("rb") as file:
            before = _stamp(os.fstat(file.fileno()))
            entry = known.get(path.name)
            if entry is not None and entry[0] == before:
                return entry[1]
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = _stamp(os.fstat(file.fileno()))
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}", remedy="check that it is a file and its rights"
        ) from error
    if before != after:
        raise DataError(f"{path} changed while it was read", remedy="try again when nothing writes to it")
    if time.time_ns() - before[3] > _SETTLED_NS:
        known[path.name] = (before, digest)
    return digest


def _stamp(status: os.stat_result) -> _Stamp:
    """What changes when a file does: device, inode, size in bytes, modification time in nanoseconds."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _memory_path(folder: Path) -> Path:
    """The file that remembers the digests of ``folder``."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]
    return cache_folder() / "checksums" / f"{name}.json"


def _read_memory(path: Path) -> dict[str, _Entry]:
    """Remembered entries by file name; nothing where the memory is absent or not what we write."""
    try:
        content = json.loads(path.read_bytes())
        return {str(name): (_as_stamp(entry[0]), _as_digest(entry[1])) for name, entry in content.items()}
    except (OSError, ValueError, TypeError, AttributeError, LookupError):
        return {}


def _as_stamp(value: list[int]) -> _Stamp:
    device, inode, size, modified = (int(part) for part in value)
    return (device, inode, size, modified)


def _as_digest(value: str) -> str:
    if len(bytes.fromhex(value)) != hashlib.sha256().digest_size:
        raise ValueError(value)
    return value


def _write_memory(path: Path, known: dict[str, _Entry]) -> None:
    """Write ``known`` in one step, or not at all: it only saves time."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                json.dump(known, file)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
