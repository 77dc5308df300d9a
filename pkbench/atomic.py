"""Writing files so that a reader, or a crash, sees the old content or the new, never a part."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pkbench.errors import StoreError

_TEMPORARY = re.compile(r"\.(.+)\.[^.]+\.tmp")
"""What :func:`write_bytes` calls a file that is not whole: the name it is to get, and something nobody else has."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically and durably, making its folder where needed.

    Raises:
        StoreError: the folder or file cannot be written; the old file, if any, is untouched.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Few characters of the name: a long one with more would be too long for the system, which counts bytes.
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:20]}.", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException as error:
        # Ctrl-C too: nothing half-written stays behind.
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}", remedy="free space or choose another folder"
        ) from error


def unfinished(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files that somebody writes in ``folder`` at this moment, or was killed writing: the name each was to get, and where it is."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = _TEMPORARY.fullmatch(path.name)
        if match:
            yield match[1], path


def _umask() -> int:
    """The process's umask; reading it needs setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
