"""The pieces TOML text is cut into, with their offsets, and a cursor that cuts keys and tokens."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass, field
from typing import Literal

MAX_DEPTH = 32
"""Levels of nesting, and parts of a dotted key: a spec needs 6, and tomllib recurses."""
MAX_SLIPS = 100
"""Slips after which a file is taken for something else, and the rest of it is not looked at."""

MAX_VALUES = 50_000
"""Values and tables of a file: a thousand models have a third of that, and each takes some microseconds."""

BLANK = re.compile(r"[ \t]*")
LINE_END = re.compile(r"[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
MANY = "*+" if sys.version_info >= (3, 11, 5) else "*"
"""Repeats a group and keeps no way back, which takes memory: Python 3.11.0 to 3.11.4 gets that wrong (CPython's gh-106052)."""
STRINGS = {
    '"""': re.compile(r'"""[^"\\]*+(?:(?:\\[\s\S]|"(?!""))[^"\\]*+)' + MANY + r'"""(?:"{0,2})'),
    "'''": re.compile(r"'''[^']*+(?:'(?!'')[^']*+)" + MANY + r"'''(?:'{0,2})"),
    '"': re.compile(r'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)' + MANY + '"'),
    "'": re.compile(r"'[^'\n]*+'"),
}
KEY = r"(?:[A-Za-z0-9_-]++|\"[^\"\n]*\"|'[^'\n]*')"
"""One part of a key, as a pattern for looking ahead."""
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Key:
    """One part of a dotted key and where it stands."""

    name: str
    offset: int


@dataclass(slots=True)
class Value:
    """The extent of a value; ``items`` of an array, ``pairs`` of an inline table."""

    kind: Literal["scalar", "array", "table"]
    start: int
    end: int = 0
    items: list[Value] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


@dataclass(slots=True)
class Pair:
    """``key = value``; ``value`` is ``None`` where it could not be read."""

    keys: tuple[Key, ...]
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """``[key]`` or, with ``array``, ``[[key]]``; no ``keys`` where the name could not be read."""

    keys: tuple[Key, ...]
    offset: int
    array: bool


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that is not TOML: at ``offset``, what was found and the way out."""

    offset: int
    what: str
    remedy: str = ""


class BrokenError(Exception):
    """The statement being read cannot be read on; ``spread``: its lines may go on beyond this one."""

    def __init__(self, offset: int, what: str, remedy: str = "", *, spread: bool = False) -> None:
        super().__init__(what)
        self.slip = Slip(offset, what, remedy)
        self.spread = spread


def shorten(text: str, length: int = 60) -> str:
    """``text`` in one line of at most ``length`` characters, none of which steers a terminal."""
    line = "".join(char if char.isprintable() else "�" for char in " ".join(text[: 4 * length].split()))
    return line if len(line) <= length else line[: length - 1] + "…"


def dotted(keys: tuple[Key, ...]) -> str:
    """``keys`` as they are written."""
    return ".".join(key.name if _BARE_KEY.fullmatch(key.name) else f'"{key.name}"' for key in keys)


class Cursor:
    """A position that moves through ``text``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Move over ``pattern`` if it stands here."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def here(self, token: str) -> bool:
        """Whether ``token`` stands here."""
        return self.text.startswith(token, self.at)

    def line(self, start: int) -> str:
        """What stands from ``start`` to the end of its line, without a comment: for a message."""
        end = self.text.find("\n", start, start + 300)
        return shorten(self.text[start : end if end >= 0 else start + 300].split(" #")[0])

    def string(self, *, multiline: bool) -> str:
        """The quoted string that starts here, quotes included."""
        start = self.at
        quote = self.text[start]
        if multiline and self.here(quote * 3):
            found = self.match(STRINGS[quote * 3])
            if found is None:
                what = f"the text opened with {quote * 3} is never closed"
                raise BrokenError(start, what, f"close it with {quote * 3}", spread=True)
            return found
        found = self.match(STRINGS[quote])
        if found is None:
            what = f"the text `{self.line(start)}` is not closed on its line"
            raise BrokenError(start, what, f"close it with {quote}")
        return found

    def keys(self, expected: str) -> tuple[Key, ...]:
        """The dotted key that starts here; leaves the cursor after it and the blanks that follow."""
        keys: list[Key] = []
        while True:
            self.match(BLANK)
            keys.append(self._key(expected if not keys else "another part of the key"))
            self.match(BLANK)
            if len(keys) > MAX_DEPTH:
                raise BrokenError(keys[0].offset, f"a key of more than {MAX_DEPTH} parts", "shorten it")
            if not self.here("."):
                return tuple(keys)
            self.at += 1

    def _key(self, expected: str) -> Key:
        start = self.at
        if self.text[start : start + 1] in {'"', "'"}:
            quoted = self.string(multiline=False)
            try:
                (name,) = tomllib.loads(f"{quoted} = 0")
            except ValueError:
                raise BrokenError(
                    start, f"the key `{shorten(quoted)}` has an escape that does not exist", "write a plain key"
                ) from None
            return Key(name, start)
        name = self.match(_BARE_KEY) or ""
        after = self.text[self.at : self.at + 1]
        if not name or after.isalpha():
            line = self.line(start)
            found = f"`{line}`" if line else "the end of the line"
            remedy = "a key with other letters than a-z, A-Z, 0-9, _ and - stands in quotes" if after.isalpha() else ""
            raise BrokenError(start, f"{expected} is expected here, not {found}", remedy)
        return Key(name, start)
