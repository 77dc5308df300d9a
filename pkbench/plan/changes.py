"""How two configurations of a run differ, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; ``None`` stands for an absent or empty value."""

    field: str
    old: object
    new: object

    def __str__(self) -> str:
        if self.field == "data.checksum":
            return "the data's bytes changed"
        return f"{self.field} changed from {_show(self.old)} to {_show(self.new)}"


def _show(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """``config`` as one level of dotted keys; lists are values."""
    flat: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every field in which ``new`` differs from ``old``, in alphabetical order."""
    before, after = flatten(old), flatten(new)
    return tuple(
        Change(field, before.get(field), after.get(field))
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    )
