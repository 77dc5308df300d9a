"""Checks that an assumption explains a value that exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from pkbench.errors import Fault
from pkbench.spec.parts import LISTS, Parts
from pkbench.spec.words import closest

_GUESSES = 10
"""Paths for which it is said what may be meant: it is looked for among all values of the spec."""


def check_assumptions(parts: Parts) -> Iterator[Fault]:
    """Faults of the paths under ``[assumption]``."""
    if parts.document.lost:
        return
    paths, guesses = set(_paths(parts)), _GUESSES
    for path in parts.assumption:
        if path in paths or tuple(path.split(".")) in parts.excused or _might_be_there(parts, path):
            continue
        near = closest(path, paths) if guesses > 0 else None
        guesses -= 1
        constraint = "a path is like train.optimizer.lr, or model.<id>.bias, of a value that the spec has"
        remedy = f'did you mean "{near}"?' if near else ""
        place = parts.document.at_key(("assumption", path))
        yield Fault(place, f"the spec has no value at `{path}`", constraint, remedy)


def _paths(parts: Parts) -> Iterator[str]:
    """Dotted paths of all values, defaults included; tables of an array by their id."""
    for data in (parts.raw, parts.document.data):
        for section, value in data.items():
            if section != "assumption":
                yield from _in_section(parts, section, value)


def _in_section(parts: Parts, section: str, value: Any) -> Iterator[str]:
    if section not in LISTS or not isinstance(value, list):
        yield from _below(value, section)
        return
    # A spec that trains has no arrays of other kinds of specs, but a file may.
    valid = getattr(parts, section, {})
    for index, item in enumerate(value):
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            prefix = f"{section}.{item['id']}"
            yield from _below(item, prefix)
            yield from _defaults(valid.get(index), prefix)


def _below(value: Any, prefix: str) -> Iterator[str]:
    yield prefix
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _below(item, f"{prefix}.{key}")


def _defaults(item: BaseModel | None, prefix: str) -> Iterator[str]:
    if item is not None:
        yield from (f"{prefix}.{name}" for name, value in item if value is not None)


def _might_be_there(parts: Parts, path: str) -> bool:
    """Whether ``path`` could mean a table of an array whose id cannot be read."""
    section, *rest = path.split(".")
    names = [".".join(rest[:length]) for length in range(1, len(rest) + 1)]
    return section in LISTS and any(parts.might_mean(section, name) for name in names)
