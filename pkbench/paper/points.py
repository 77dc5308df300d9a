"""Points read off the paper's vector figures, for drawing beside ours and for what its own curves say.

``points.csv`` has one point a line, as it is drawn: figure, data set, series, name and value of x and y, and half the drawn error
bar (which the paper explains in few of its figures). Errors and accuracies are given here as errors in per cent, and an axis
that is not what it says it is (:data:`MISLABELLED`) as what it says.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

MISLABELLED = MappingProxyType({("6", "imagenet", "C/S"): 3.0})
"""What x has to be multiplied by, by figure, data set and name of x. Fig. 6's ImageNet points are drawn at ``C / (3 S0)``: with
``C = 3 P^2`` and the patches of App. C.5 the true ratios are 0.144, 0.245, 2.30, 3.92, 36.8 and 62.7, three times those drawn."""


@dataclass(frozen=True, slots=True)
class PaperPoint:
    """One marker of a figure.

    Attributes:
        x: of what the series' ``x_name`` says.
        y: test errors in per cent, everything else as drawn.
        half_bar: half the length of the error bar in the unit of ``y``; ``None`` where none is drawn.
    """

    x: float
    y: float
    half_bar: float | None


@dataclass(frozen=True, slots=True)
class PaperSeries:
    """One curve of a figure on one data set; ``dataset`` is empty where the figure is about none."""

    figure: str
    dataset: str
    name: str
    x_name: str
    y_name: str
    points: tuple[PaperPoint, ...]


@cache
def all_series() -> tuple[PaperSeries, ...]:
    """Every curve that was read, in the paper's order."""
    text = files("pkbench.paper").joinpath("points.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, str, str, str, str], list[PaperPoint]] = {}
    for row in csv.DictReader(text.splitlines()):
        x, y, bar = float(row["x"]), float(row["y"]), float(row["half_bar"]) if row["half_bar"] else None
        y_name = row["y_name"]
        if y_name == "test_error":
            y, bar = 100 * y, None if bar is None else 100 * bar
        elif y_name == "test_accuracy_pct":
            y_name, y = "test_error", 100 - y
        x *= MISLABELLED.get((row["figure"], row["dataset"], row["x_name"]), 1.0)
        key = (row["figure"], row["dataset"], row["series"], row["x_name"], y_name)
        found.setdefault(key, []).append(PaperPoint(x, y, bar))
    return tuple(PaperSeries(*key, tuple(points)) for key, points in found.items())


def series_of(figure: str, name: str) -> tuple[PaperSeries, ...]:
    """The curves called ``name`` in ``figure``, one for each data set; none where there is no such curve."""
    return tuple(series for series in all_series() if (series.figure, series.name) == (figure, name))


def figures() -> tuple[str, ...]:
    """Figures that points were read off."""
    return tuple(dict.fromkeys(series.figure for series in all_series()))


def names_in(figure: str) -> tuple[str, ...]:
    """Names of the curves of ``figure``."""
    return tuple(dict.fromkeys(series.name for series in all_series() if series.figure == figure))
