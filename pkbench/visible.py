"""Characters that do something besides being seen: they steer terminals, turn lines around or hide in them."""

from __future__ import annotations

import re
from typing import Final

UNSEEN: Final = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
"""Marks that turn the direction of a line around or that nobody sees, as part of a pattern."""
_STEERING = re.compile(f"[\x7f-\x9f\u2028\u2029{UNSEEN}]")


def printable(text: str) -> str:
    """``text`` in one line without control characters: names of files and columns may hold a terminal's commands."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def in_json(text: str) -> str:
    """``text``, which is JSON, with its steering characters as JSON's escapes: the same data, and harmless to look at."""
    # Most plans are ASCII, and of thousands of runs they are long.
    if text.isascii() and "\x7f" not in text:
        return text
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
