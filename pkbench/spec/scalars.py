"""Single TOML values: what they mean, and what to write instead of one that means nothing."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from pkbench.spec.syntax import BrokenError, shorten

_WORDS = {
    "yes": "write true",
    "on": "write true",
    "no": "write false",
    "off": "write false",
    "none": "TOML has no empty value: leave the key out",
    "null": "TOML has no empty value: leave the key out",
    "nil": "TOML has no empty value: leave the key out",
    "true": "write true in lower case",
    "false": "write false in lower case",
}


def is_scalar(text: str) -> bool:
    """Whether ``text`` is a TOML value."""
    try:
        tomllib.loads(f"v = {text}\n")
    except ValueError:
        return False
    return True


def read_scalar(text: str, offset: int) -> Any:
    """The value ``text`` stands for; BrokenError, at ``offset``, where it stands for none."""
    try:
        return tomllib.loads(f"v = {text}\n")["v"]
    except ValueError as error:
        what, remedy = _explain(text, str(error))
        raise BrokenError(offset, what, remedy) from None


def _explain(text: str, error: str) -> tuple[str, str]:
    shown = f"`{shorten(text)}`"
    if text[0] in "\"'":
        if "\\" in text and "escape" in error.lower():
            return (
                f"a \\ in {shown} starts an escape that does not exist",
                "write \\\\ for a backslash, or put the text in '…'",
            )
        return f"the text {shown} has a character that does not belong there", "take out control characters"
    if text[0] in "“”„‘’«":
        return f"{shown} stands in typographic quotes", 'write straight quotes: "…"'
    if text.lower() in _WORDS:
        return f"{shown} is not a value", _WORDS[text.lower()]
    if re.fullmatch(r"[+-]?\d{400,}", text):
        return f"{shown} has {len(text)} digits", "write a smaller number"
    if re.fullmatch(r"[+-]?0\d+", text):
        return f"{shown} begins with a zero", f"write {int(text)}"
    if re.fullmatch(r"[+-]?(\.\d+|\d+\.)([eE][+-]?\d+)?", text):
        return f"{shown} lacks a digit beside its point", f"write {float(text)!r}"
    if re.match(r"\d{4}-\d\d-\d\d", text):
        return f"{shown} is not a date", 'write it as text: "…"'
    if re.match(r"[+-]?[\d.(]", text):
        return f"{shown} is not a number", "numbers look like 3, 0.5 or 1e-8; nothing is computed"
    return f"{shown} is not a value", f'text stands in quotes: "{shorten(text, 30)}"'
