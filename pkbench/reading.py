"""Reading files that somebody else may have put there: nothing is waited for, and nothing is read without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path, most: int) -> bytes:
    """The content of the regular file ``path``, or of the one that it links to.

    Raises:
        OSError: it cannot be read, is a pipe, a folder or something else, or has more than ``most`` bytes;
            ``strerror`` says which.
    """
    # O_NONBLOCK: opening a pipe does not wait for a writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if status.st_size > most:
            raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, more than {most:,}", str(path))
        content = file.read(status.st_size + 1)
        if len(content) > status.st_size:
            raise OSError(errno.EAGAIN, "it grows, or is larger than it says", str(path))
    return content
