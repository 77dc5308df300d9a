"""Values that a spec should not have, and any nested data as TOML text."""

from __future__ import annotations

import json
import math
import random
import re
from datetime import UTC, date, datetime, time
from typing import Any

NUMBERS: tuple[int | float, ...] = (
    *(0, 1, -1, 2, 3, 7, 255, 256, 1000, 4095, 4097, 65_536, 99_991, 999_983, 720_720, 1_000_000, 1_000_001),
    *(2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**9, 10**15, 10**16, 10**18, 10**40, -(10**40)),
    *(0.0, -0.0, 0.1, 0.5, 0.999999999999, 1.0, 1.5, 30.0, 999.9, 1000.0, 1e-12, 1e-300, 5e-324, 1e15, 1e300),
    *(1.7976931348623157e308, -1e308, math.inf, -math.inf, math.nan),
)
DATES = (date(2020, 1, 1), time(1, 2, 3, 4), datetime(9999, 12, 31, 23, 59, 59), datetime(1, 1, 1, tzinfo=UTC))
TEXTS = (
    *(
        "",
        " ",
        "x",
        "X" * 5000,
        "a-" * 31,
        "../../etc/passwd",
        "/dev/zero",
        "/etc/passwd",
        "~",
        "~/x",
        "\\\\host\\x",
        "a/b",
        ".",
    ),
    *("$(touch pwned)", "`id`", "{{ 7 * 7 }}", "${HOME}", "__import__('os').system('id')", "!!python/object:os.system"),
    *("'; DROP TABLE runs; --", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "%s%s%n", "{0.__class__}"),
    *("\x1b[2J\x1b]0;t\x07", "\x9b31m", "\u202egnp", "\u200b", "\ufeff", "é" * 300, "😀", "ﬀ", "\u2028", "a\nb", "\t"),
    *("con", "nul", "quick", "paper", "digits", "train", "adamw", "generated:tones", "parquet", "monarch", "normal"),
    *("https://example.org/x.npz", "file:///etc/passwd", "s3://bucket/x", "test_error", "cka", "C/S", "random"),
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def hostile(source: random.Random) -> Any:
    """One value of any type."""
    match source.randrange(8):
        case 0 | 1 | 2:
            return source.choice(NUMBERS)
        case 3:
            return source.choice(DATES)
        case 4 | 5:
            return source.choice(TEXTS)
        case 6:
            return source.choice((True, False, [], {}, [[]], [{}], {"": 0}, [1, "a", 2.0], {"id": {"id": "x"}}))
        case _:
            return source.randrange(-(10 ** source.randrange(1, 20)), 10 ** source.randrange(1, 20))


def key(text: str) -> str:
    """``text`` as one part of a TOML key."""
    return text if _BARE.fullmatch(text) else _quoted(text)


def dumped(table: dict[str, Any]) -> str:
    """``table`` as TOML with headers for tables and arrays of tables at its top, and everything below them inline."""
    lines = [f"{key(name)} = {inline(value)}" for name, value in table.items() if not _has_header(value)]
    for name, value in table.items():
        if isinstance(value, dict):
            _section(lines, [name], value)
        elif _has_header(value):
            for item in value:
                lines.append(f"[[{key(name)}]]")
                lines += [f"{key(inner)} = {inline(found)}" for inner, found in item.items()]
    return "\n".join(lines) + "\n"


def _section(lines: list[str], path: list[str], table: dict[str, Any]) -> None:
    lines.append(f"[{'.'.join(map(key, path))}]")
    lines += [f"{key(name)} = {inline(value)}" for name, value in table.items() if not isinstance(value, dict)]
    for name, value in table.items():
        if isinstance(value, dict):
            if len(path) < 6:
                _section(lines, [*path, name], value)
            else:
                lines.append(f"[{'.'.join(map(key, [*path, name]))}]")


def _has_header(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    )


def inline(value: Any) -> str:
    """``value`` on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key(name)} = {inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).lower()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
