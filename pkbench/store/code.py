"""The code that computes results: a hash of the package's files, here and as they are in a commit."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pkbench

_PACKAGE = Path(pkbench.__file__).resolve().parent
_ENDINGS = frozenset({".py", ".c", ".h", ".csv"})
"""Files that results depend on; what Python leaves beside them is not among them."""
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def package_sha256() -> str:
    """SHA-256 of the package's files as they are here: names and contents, wherever the package lies.

    It tells two states of uncommitted changes apart, and says what the code was where there is no checkout.
    """
    files = (path for path in _PACKAGE.rglob("*") if path.suffix in _ENDINGS and path.is_file())
    return _digest({path.relative_to(_PACKAGE).as_posix(): path.read_bytes() for path in files})


@cache
def commit_sha256(commit: str) -> str | None:
    """:func:`package_sha256` of the package as it is in ``commit``; ``None`` where this is no checkout that has it."""
    if not _COMMIT.fullmatch(commit):
        return None
    try:
        # In a folder below the checkout's top, git archives that folder.
        done = subprocess.run(  # noqa: S603 - fixed program; the commit is hexadecimal digits
            ["git", "-C", str(_PACKAGE), "archive", "--format=tar", commit],  # noqa: S607 - the user's git
            capture_output=True,
            timeout=30,
            check=True,
        )
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            members = [member for member in archive if member.isfile() and Path(member.name).suffix in _ENDINGS]
            contents = {member.name: archive.extractfile(member) for member in members}
            return _digest({name: file.read() for name, file in contents.items() if file is not None})
    except (OSError, subprocess.SubprocessError, tarfile.TarError):
        return None


def _digest(contents: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in sorted(contents.items()):
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
