"""The bytes of a spec file and the text they are: nothing here can hang, fill the memory or guess."""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path

from pkbench.errors import Fault, Place, SpecError

MAX_BYTES = 2**20
"""Size limit of a spec: a hundred times the largest one shipped."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")


def read(path: Path) -> bytes:
    """The content of the regular file ``path``.

    Raises:
        SpecError: there is no such file, it cannot be read, is something else or larger than MAX_BYTES.
    """
    try:
        status = path.stat()
        for is_kind, name in _KINDS:
            if is_kind(status.st_mode):
                raise _refused(path, f"this is {name}", "a spec is a TOML file")
        # O_NONBLOCK: should it have become a pipe since, opening it does not wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        remedy = "check the name; `pkbench new <id>` writes a spec to start from"
        raise _refused(path, "there is no such file", remedy=remedy) from None
    except OSError as error:
        raise _refused(path, f"this file cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise _refused(path, f"this cannot be the name of a file: {error}") from None
    if len(content) > MAX_BYTES:
        size = max(status.st_size, len(content))
        raise _refused(path, f"this file has {size:,} bytes", f"a spec has at most {MAX_BYTES:,}")
    return content


def _refused(path: Path, what: str, constraint: str = "", remedy: str = "") -> SpecError:
    return SpecError([Fault(Place(str(path)), what, constraint, remedy)])


def decode(content: bytes, file: str) -> str:
    """``content`` as text, without a byte order mark.

    Raises:
        SpecError: it is not UTF-8, or not text.
    """
    remedy = "save the file as UTF-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SpecError([Fault(Place(file, 1, 1), "this file is UTF-16", "a spec is UTF-8", remedy)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec has taken the mark away before it counts.
        content = content.removeprefix(codecs.BOM_UTF8)
        before = content[: error.start]
        line_start = before.rfind(b"\n") + 1
        place = Place(file, before.count(b"\n") + 1, len(before[line_start:].decode(errors="replace")) + 1)
        what = f"the byte 0x{content[error.start]:02X} is not UTF-8"
        raise SpecError([Fault(place, what, "a spec is UTF-8 text", remedy)]) from None
    at = text.find("\0")
    if at >= 0:
        place = Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        raise SpecError([Fault(place, "there is a NUL character: this file is not text", "a spec is UTF-8 text", "")])
    return text


def control_characters(text: str) -> tuple[str, list[int]]:
    """``text`` with blanks for the characters TOML has no place for, and their offsets."""
    offsets = [found.start() for found in _CONTROL.finditer(text)]
    return (_CONTROL.sub(" ", text) if offsets else text), offsets
