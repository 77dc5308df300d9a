"""The sizes of an extension's model as numbers that can be relied on: counted, planned and compared as those of any model."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from pkbench.sizes.base import Shape

_MOST = 10**18
"""Largest count: more is a slip of the extension's, and would not fit the records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """A :class:`pkbench.sizes.base.Shape` as plain numbers: what an extension can give where it has no class for its shapes."""

    depth: int
    layers: int
    width: int
    m: int
    omega: float
    p: float
    block_connections: int
    connections: int
    parameters: int
    forward_flops: int
    activation_floats: int
    S: int | None = None
    C: int | None = None
    gamma: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedShape(Sizes):
    """Sizes that have been checked, and what they are for."""

    image: tuple[int, int, int]
    """Height, width and colours."""
    classes: int


def checked(shape: object, image: tuple[int, int, int], classes: int) -> CheckedShape:
    """``shape``, which an extension gave, as numbers.

    Raises:
        ValueError: something is missing, is no number, or no such number: counts are whole and at least 1 (connections and
            parameters too: claims divide by them), ``p`` is above 0 and at most 1.
    """
    if not isinstance(shape, Shape):
        raise ValueError(f"its shape is a {type(shape).__name__}, without all that pkbench.sizes.base.Shape asks for")  # noqa: TRY004
    numbers = {field.name: _number(field.name, getattr(shape, field.name)) for field in fields(Sizes)}
    return CheckedShape(**numbers, image=image, classes=classes)


def _number(name: str, value: Any) -> Any:
    if name in ("S", "C", "gamma") and value is None:
        return None
    real, most = name in ("omega", "p", "gamma"), 1 if name == "p" else _MOST
    if isinstance(value, bool) or not isinstance(value, (int, float) if real else int):
        needed = "a number" if real else "a whole number"
    elif not (value > 0 if real else value >= 1) or value > most or not math.isfinite(value):
        needed = f"{'above 0' if real else 'at least 1'} and at most {most:,}"
    else:
        return float(value) if real else value
    raise ValueError(f"{name} of its shape is {value!r:.100}, and has to be {needed}")
