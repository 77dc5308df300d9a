"""Axes of the page's figures: which part of the way a value lies at, and where the ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pkbench.report.families_axes import span, tick, with_room

_ROOM: Final = 0.04
"""Room beside the outermost values, as a part of what they span."""
_ROUNDING: Final = 1e-9
_DECIMALS: Final = 6
"""Decimals up to which a tick is written without an exponent."""
_INCH: Final = 70.0
"""Units of a drawing that have the room of an inch of :func:`with_room`: its characters are that wide here."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick: ``part`` of the way along the axis, and what stands beside it."""

    part: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from ``low`` to ``high``, both exponents of 2 where it is ``logarithmic``."""

    low: float
    high: float
    ticks: tuple[Tick, ...]
    logarithmic: bool = False

    def part(self, value: float) -> float:
        """How far along ``value`` lies: 0 at the low end, 1 at the high one."""
        place = math.log2(value) if self.logarithmic else value
        return (place - self.low) / (self.high - self.low)

    def inside(self, value: float) -> float:
        """:meth:`part` of the place on the axis that is nearest to ``value``."""
        if self.logarithmic and value <= 0:
            return 0.0
        return min(1.0, max(0.0, self.part(value)))


def of_values(values: Iterable[float], *, ticks: int, from_zero: bool = False) -> Axis:
    """A linear axis over ``values`` with about ``ticks`` round ticks; at least one value."""
    from matplotlib.ticker import MaxNLocator

    known = list(values)
    low, high = min(known), max(known)
    most = max(abs(low), abs(high))
    # What differs by rounding alone is one value.
    room = (high - low) * _ROOM if high - low > most * _ROUNDING else most * _ROOM or 1.0
    low, high = (0.0 if from_zero else low - room), high + room
    found = [float(at) for at in MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    digits = _digits(found)
    inside = [at for at in found if low <= at <= high]
    return Axis(low, high, tuple(Tick((at - low) / (high - low), _number(at, digits)) for at in inside))


def _digits(values: Sequence[float]) -> int | None:
    """Decimals that tell ``values``, which are evenly spaced, as they are; ``None`` where they would be many."""
    step = abs(values[1] - values[0])
    enough = (n for n in range(_DECIMALS + 1) if all(abs(round(x, n) - x) < step / 1000 for x in values))
    return next(enough, None)


def _number(value: float, digits: int | None) -> str:
    """A tick's number with a true minus; no zero has one."""
    written = f"{value:.12g}" if digits is None else f"{round(value, digits) + 0.0:.{digits}f}"
    return written.replace("-", "−")


def of_sizes(xs: Iterable[float], *, width: float, reach: Sequence[float]) -> Axis:
    """An axis along a size with ticks at the members themselves, as many as have room in ``width`` units of the drawing.

    ``reach`` is as for :func:`pkbench.report.families_axes.lay_out`.
    """
    places = sorted(set(xs))
    found = span(places, reach)
    bare = Axis(found.low, found.high, (), found.logarithmic)
    labels = [tick(x) for x in places]
    kept = with_room([bare.part(x) for x in places], labels, _INCH / width)
    ticks = tuple(Tick(bare.part(places[i]), labels[i]) for i in kept)
    return Axis(found.low, found.high, ticks, found.logarithmic)
