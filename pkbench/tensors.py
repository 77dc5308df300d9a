"""Files of tensors from somewhere else: as large in memory as they are on the disk. torch's ``weights_only`` executes nothing of them."""

from __future__ import annotations

import io
import zipfile

MAX_BYTES = 2**40
"""Bytes of a file that is read, which memory bounds long before."""


def check_stored(content: bytes) -> None:
    """Accept the archive ``content`` as ``torch.save`` writes it: nothing in it is compressed, so none of it can be a bomb.

    Raises:
        ValueError: it is no archive, or has something compressed in it.
    """
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(f"no file of tensors: {error}") from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("no file of tensors: it is compressed")
    if sum(entry.file_size for entry in entries) > len(content):
        raise ValueError("no file of tensors: it is larger than it is")
