"""The value of one field of a model that brings a quantity nearest to a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from pkbench.spec.audit import Varied, can_vary
from pkbench.spec.forms import Scalar, fields_of
from pkbench.spec.model_parts import ModelPart

M = TypeVar("M", bound=ModelPart)

EXHAUSTIVE = 1024
"""Whole numbers up to this one are all tried: the result is exact there, however the quantity runs."""
STEP = 1.005
"""Ratio of neighbouring values tried beyond that, and of real values; between two of them a crossing is bisected."""
AROUND = 32
"""Whole numbers tried on both sides of the best one found by bisection."""
LEAST_REAL = 1e-6
BISECTIONS = 80
DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Nearest(Generic[M]):
    """The model with ``field`` set to ``value``, and the ``quantity`` it has."""

    field: Varied
    value: float
    model: M
    quantity: float


def nearest_configuration(
    model: M, field: Varied, quantity_of: Callable[[M], float], target: float
) -> Nearest[M] | None:
    """The value of ``field`` within its bounds, all others kept, whose quantity is nearest to ``target``.

    The smallest of several as near. It need not reach the target: compare ``Nearest.quantity``. Whole numbers up to
    :data:`EXHAUSTIVE` are searched in full; beyond, and for real fields, every crossing of the target wider than a
    step of 0.5 % is found, whether or not the quantity is monotone.

    Args:
        model: the model to start from.
        field: the field to change.
        quantity_of: what to compare; a ``ValueError`` says that there is no such model.
        target: the number to come near to.

    Returns:
        The nearest, or ``None`` where the model states no number for ``field`` or no value of it is possible.
    """
    form = fields_of(type(model))[field].form if can_vary(model, field) else None
    if not isinstance(form, Scalar):
        return None
    search = _Search(model, field, quantity_of, target)
    if form.kind is int:
        _try_whole(search, form.bounds.get("ge", 1), form.bounds["le"])
    else:
        _try_real(search, form.bounds["le"])
    return search.best


def simplest(nearest: Nearest[M], quantity_of: Callable[[M], float], fits: Callable[[float], bool]) -> Nearest[M]:
    """``nearest`` with the fewest decimals whose quantity still ``fits``; itself where it is whole or does not fit.

    A real field solved from a rounded number has digits that mean nothing: 4.1 says what 4.0930 to 4.1187 would.
    """
    if isinstance(nearest.value, int) or not fits(nearest.quantity):
        return nearest
    for decimals in range(DECIMALS):
        value = round(nearest.value, decimals)
        if value <= 0:
            continue
        model = nearest.model.model_copy(update={nearest.field: value})
        quantity = quantity_of(model)
        if fits(quantity):
            return Nearest(nearest.field, value, model, quantity)
    return nearest


class _Search(Generic[M]):
    """Evaluates candidates and remembers the nearest."""

    def __init__(self, model: M, field: Varied, quantity_of: Callable[[M], float], target: float) -> None:
        self.model = model
        self.field = field
        self.quantity_of = quantity_of
        self.target = target
        self.best: Nearest[M] | None = None

    def difference(self, value: float) -> float | None:
        """Quantity less target at ``value``; ``None`` where no such model is possible."""
        candidate = self.model.model_copy(update={self.field: value})
        try:
            quantity = self.quantity_of(candidate)
        except ValueError:
            return None
        if self.best is None or self._rank(quantity, value) < self._rank(self.best.quantity, self.best.value):
            self.best = Nearest(self.field, value, candidate, quantity)
        return quantity - self.target

    def _rank(self, quantity: float, value: float) -> tuple[float, float]:
        return abs(quantity - self.target), value


def _try_whole(search: _Search[M], low: int, high: int) -> None:
    for value in range(low, min(high, EXHAUSTIVE) + 1):
        search.difference(value)
    for left, right in _crossings(search, sorted({math.ceil(value) for value in _grid(max(low, EXHAUSTIVE), high)})):
        _bisect(search, left, right, whole=True)
    if search.best is not None and search.best.value > EXHAUSTIVE:
        centre = int(search.best.value)
        for value in range(max(low, centre - AROUND), min(high, centre + AROUND) + 1):
            search.difference(value)


def _try_real(search: _Search[M], high: float) -> None:
    for left, right in _crossings(search, list(_grid(LEAST_REAL, high))):
        _bisect(search, left, right, whole=False)


def _grid(low: float, high: float) -> Iterator[float]:
    """From ``low`` to ``high`` in steps of the ratio :data:`STEP`, both ends included; nothing if ``low`` is above."""
    value = low
    while value < high:
        yield value
        value *= STEP
    if low <= high:
        yield high


def _crossings(search: _Search[M], values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Neighbours of ``values`` with the target strictly between their quantities."""
    differences = [search.difference(value) for value in values]
    for (left, before), (right, after) in pairwise(zip(values, differences, strict=True)):
        if before is not None and after is not None and before * after < 0:
            yield left, right


def _bisect(search: _Search[M], left: float, right: float, whole: bool) -> None:
    """Narrows a crossing down, each step's candidate being remembered by ``search``."""
    start = search.difference(left)
    for _ in range(BISECTIONS):
        middle = (int(left) + int(right)) // 2 if whole else (left + right) / 2
        difference = search.difference(middle)
        if middle in {left, right} or start is None or difference is None:
            return
        if difference * start > 0:
            left = middle
        else:
            right = middle
