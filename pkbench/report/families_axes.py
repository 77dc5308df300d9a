"""Axes along a size: doubling by doubling where it spans much, ticks at the members themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pkbench.report.words import big

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MUCH = 3
"""Factor between the ends from which on an axis is logarithmic."""
_MARGIN = 0.06
"""Room beside the outermost members, as a part of what they span."""
_CHARACTER = 0.085
"""Inches of one character of a tick's label, and as much again is left between two labels."""

_LABELS: Final[dict[str, str]] = {
    "width": "width γm",
    "gamma_m": "width γm",
    "m": "effective width m",
    "S": "tokens S",
    "C": "channels C",
    "depth": "base blocks",
    "gamma": "expansion γ",
    "gamma_S/gamma_C": "γ of tokens / γ of channels",
    "p": "share of connections p",
    "omega": "connections a layer Ω",
    "patch": "patch size",
}
"""Sizes, ours and those of the paper's axes, where their names alone say too little."""


def size_label(name: str) -> str:
    """A size as an axis has it: sizes are plain numbers, none has a unit."""
    return _LABELS.get(name, name)


def tick(x: float) -> str:
    """A size in a few characters."""
    return big(x) if x >= 1000 else f"{x:.3g}"


@dataclass(frozen=True, slots=True)
class Span:
    """What an axis shows: from ``low`` to ``high``, both exponents of 2 where it is ``logarithmic``."""

    logarithmic: bool
    low: float
    high: float


def span(places: Sequence[float], reach: Iterable[float]) -> Span:
    """Scale and limits for members at ``places``, in rising order; ``reach`` is as for :func:`lay_out`."""
    logarithmic = places[0] > 0 and places[-1] / places[0] > _MUCH
    into = math.log2 if logarithmic else float
    low, high = into(places[0]), into(places[-1])
    beyond = [into(x) for x in reach if x > 0]
    if beyond:
        low, high = min(low, max(beyond)), max(high, min(beyond))
    room = _MARGIN * (high - low) or 0.5
    return Span(logarithmic, low - room, high + room)


def lay_out(axis: Axes, xs: Iterable[float], *, inches: float, reach: Sequence[float]) -> None:
    """Scale, limits and ticks for members at ``xs``.

    Args:
        axis: what is laid out.
        xs: where members are; at least one.
        inches: width of the axis, for the room of the ticks.
        reach: further sizes of which the nearest to the members is to be seen, if it lies beyond them.
    """
    places = sorted(set(xs))
    shown = span(places, reach)
    if shown.logarithmic:
        axis.set_xscale("log", base=2)
    into = math.log2 if shown.logarithmic else float
    limits = (shown.low, shown.high)
    axis.set_xlim(*((2**end for end in limits) if shown.logarithmic else limits))
    kept = with_room([into(x) for x in places], [tick(x) for x in places], (limits[1] - limits[0]) / inches)
    axis.set_xticks([places[i] for i in kept], [tick(places[i]) for i in kept])
    axis.set_xticks([], minor=True)


def with_room(at: Sequence[float], labels: Sequence[str], unit: float) -> list[int]:
    """Indices of ticks whose labels do not touch, from the first on; ``unit`` is what an inch of the axis spans."""
    kept: list[int] = []
    for i, place in enumerate(at):
        if not kept or place - at[kept[-1]] >= unit * _CHARACTER * (1 + (len(labels[i]) + len(labels[kept[-1]])) / 2):
            kept.append(i)
    return kept
