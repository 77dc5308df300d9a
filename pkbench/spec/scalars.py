"""Single TOML values: what they mean, and what to write instead of one that means nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
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


_LOOKS_LIKE: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    (r"[“”„‘’«].*", "stands in typographic quotes", lambda _: 'write straight quotes: "…"'),
    (r"[+-]?\d{400,}", "has too many digits", lambda _: "write a smaller number"),
    (r"[+-]?0\d+", "begins with a zero", lambda text: f"write {int(text)}"),
    (r"[+-]?(\.\d+|\d+\.)([eE][+-]?\d+)?", "lacks a digit beside its point", lambda text: f"write {float(text)!r}"),
    (r"\d{4}-\d\d-\d\d.*", "is not a date", lambda _: 'write it as text: "…"'),
    (r"[+-]?[\d.(].*", "is not a number", lambda _: "numbers look like 3, 0.5 or 1e-8, and nothing is computed"),
)
"""Pattern, what is wrong and the remedy, the most particular first."""


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
    except ValueError:
        what, remedy = _explain(text)
        raise BrokenError(offset, what, remedy) from None


def _explain(text: str) -> tuple[str, str]:
    """What is wrong with ``text``, and what to write instead."""
    shown = f"`{shorten(text)}`"
    if text[0] == '"':
        # Its end and its characters have been looked at: what is left to be wrong is a backslash.
        remedy = "write \\\\ for a backslash, or put the text in '…'"
        return f"a \\ in {shown} starts an escape that does not exist", remedy
    if text.lower() in _WORDS:
        return f"{shown} is not a value", _WORDS[text.lower()]
    for pattern, what, advice in _LOOKS_LIKE:
        if re.fullmatch(pattern, text):
            return f"{shown} {what}", advice(text)
    return f"{shown} is not a value", f'text stands in quotes: "{shorten(text, 30)}"'
