"""What the page's figures are made of: marks, lines and texts with their places, ready for the templates.

A place is in units of the drawing, or in per cent of its width where a figure is as wide as its column. Looks are names
of classes in ``page.css``, so that a figure follows the page from light to dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pkbench.report import style
from pkbench.report.page.axes import Axis

SHAPES: Final = {
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "square": "M-3.8-3.8h7.6v7.6h-7.6z",
    "up": "M0-5 4.8 3.6h-9.6z",
    "diamond": "M0-5.4 5.4 0 0 5.4-5.4 0z",
    "down": "M0 5-4.8-3.6h9.6z",
    "plus": "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "cross": "M0-2.2 2.6-4.8 4.8-2.6 2.2 0 4.8 2.6 2.6 4.8 0 2.2-2.6 4.8-4.8 2.6-2.2 0-4.8-2.6-2.6-4.8z",
    "star": "M0-5.6 1.4-1.8 5.4-1.8 2.2.7 3.4 4.6 0 2.2-3.4 4.6-2.2.7-5.4-1.8-1.4-1.8z",
    "tick": "M-1.1-7h2.2v14h-2.2z",
    "left": "M-5 0 1-3.4v6.8z",
    "right": "M5 0-1-3.4v6.8z",
}
"""Outlines around (0, 0) by name."""
NAMES: Final = {
    "o": "circle", "s": "square", "^": "up", "D": "diamond", "v": "down", "P": "plus", "X": "cross", "*": "star",
    "|": "tick", "<": "left", ">": "right",
}  # fmt: skip
"""What matplotlib's markers are called here."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something with a value that can be pointed at; ``tip`` says it in words, with its runs.

    ``shape`` is a name out of ``SHAPES``.
    """

    x: float
    y: float
    shape: str
    look: str
    tip: str
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line, such as an interval or a margin."""

    x1: float
    y1: float
    x2: float
    y2: float
    look: str


@dataclass(frozen=True, slots=True)
class Row:
    """One model or claim of a figure in rows, places along it in per cent."""

    label: str
    under: str
    value: str
    n: str
    height: float
    strokes: tuple[Stroke, ...]
    marks: tuple[Mark, ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows over one axis."""

    title: str
    label: str
    axis: Axis
    rows: tuple[Row, ...]
    anchor: str
    """Of its grid, which every row draws again."""


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points, or the outline of an area."""

    points: tuple[tuple[float, float], ...]
    look: str

    @property
    def written(self) -> str:
        """The points as SVG has them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    look: str
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend."""

    label: str
    look: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A panel with two axes. ``paper`` says that everything in it is the paper's."""

    title: str
    x_label: str
    y_label: str
    x: Axis
    y: Axis
    boxes: tuple[Box, ...] = ()
    areas: tuple[Path, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    lines: tuple[Path, ...] = ()
    marks: tuple[Mark, ...] = ()
    paper: bool = False


LEFT: Final = 44.0
RIGHT: Final = 350.0
TOP: Final = 26.0
BOTTOM: Final = 196.0
"""Where the axes of a :class:`Plot` are."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a heat map: its place, colour and the look of what is written in it."""

    x: float
    y: float
    fill: str
    look: str
    text: str
    tip: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A matrix with a tick for each row and column, the first row at the bottom; cells are ``side`` long."""

    title: str
    x_label: str
    y_label: str
    cells: tuple[Cell, ...]
    columns: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, str], ...]
    side_x: float
    side_y: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure: a heading, what it shows, a legend and its panels of one sort."""

    title: str
    caption: str
    keys: tuple[Key, ...] = ()
    rows: tuple[Rows, ...] = ()
    plots: tuple[Plot, ...] = ()
    maps: tuple[HeatMap, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What one curve of a :class:`Plot` is drawn of."""

    areas: list[Path] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    lines: list[Path] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def across(axis: Axis, value: float) -> float:
    """Where ``value`` is in a :class:`Plot`, from the left."""
    return LEFT + (RIGHT - LEFT) * axis.part(value)


def down(axis: Axis, value: float) -> float:
    """Where ``value`` is in a :class:`Plot`, from the top; beyond the axis at its end."""
    return BOTTOM - (BOTTOM - TOP) * axis.inside(value)


def per_cent(axis: Axis, value: float) -> float:
    """Where ``value`` is in a row."""
    return round(100 * axis.inside(value), 3)


def series(number: int) -> str:
    """The look of the ``number``-th curve, family or model: colours repeat where figures' do."""
    return f"s{number % len(style.CYCLE)}"


def shape(number: int) -> str:
    """The mark of the ``number``-th family."""
    return NAMES[style.MARKERS[number % len(style.MARKERS)]]


def runs_in_words(run_ids: Sequence[str]) -> str:
    """The runs behind a number, as the end of its description."""
    if not run_ids:
        return ""
    return f"; {'run' if len(run_ids) == 1 else 'runs'} {', '.join(run_ids)}"
