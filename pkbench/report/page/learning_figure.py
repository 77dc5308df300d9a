"""The figure of the training: test errors over the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pkbench.report import style
from pkbench.report.curves import Curve, CurvePanel, curve_panels
from pkbench.report.page.axes import Axis, of_values
from pkbench.report.page.drawing import Drawn, Key, Mark, Parts, Path, Plot, across, down, series
from pkbench.report.sections import FIGURE_TEXTS
from pkbench.report.study import Study

_TICKS: Final = 5
_MARKED: Final = 30
"""Epochs up to which every evaluation has a mark."""


def learning(study: Study) -> Drawn | None:
    """Mean test error over the epochs, one panel a data set, with the range of the seeds where few models are shown.

    Data sets on which everything was evaluated at the end alone have no curve.
    """
    found = [panel for panel in curve_panels(study) if any(len(curve.points) > 1 for curve in panel.curves)]
    if not found:
        return None
    names = list(dict.fromkeys(curve.model_id for panel in found for curve in panel.curves))
    numbers = {name: i for i, name in enumerate(names)}
    keys = tuple(Key(name, f"{series(i)} {_dash(i)}") for name, i in numbers.items())
    caption = f"{FIGURE_TEXTS['curves']}."
    if any(panel.thinned for panel in found):
        caption += " Of each family the first, the middle and the last member where there are many."
    title = "Along the training"
    return Drawn(title, caption, keys, plots=tuple(_learning_panel(panel, numbers) for panel in found))


def _learning_panel(panel: CurvePanel, numbers: Mapping[str, int]) -> Plot:
    points = [point for curve in panel.curves for point in curve.points]
    # Round epochs are ticks; the last is the one that counts.
    x = of_values([0.0, *(float(point.epoch) for point in points)], ticks=6, from_zero=True)
    ends = [end for point in points for end in ((point.low, point.high) if panel.with_range else (point.mean,))]
    y = of_values([0.0, *ends], ticks=_TICKS, from_zero=True)
    drawn = [
        _learning_curve(curve, numbers[curve.model_id], x, y, with_range=panel.with_range) for curve in panel.curves
    ]
    what = "mean and range" if panel.with_range else "mean"
    return Plot(
        title=f"{panel.data_id}, {what} of n = {panel.n} seeds",
        x_label="epoch",
        y_label="test error (%)",
        x=x,
        y=y,
        areas=tuple(area for part in drawn for area in part.areas),
        lines=tuple(line for part in drawn for line in part.lines),
        marks=tuple(mark for part in drawn for mark in part.marks),
    )


def _learning_curve(curve: Curve, number: int, x: Axis, y: Axis, *, with_range: bool) -> Parts:
    parts, look = Parts(), series(number)
    places = [(across(x, point.epoch), point) for point in curve.points]
    if with_range:
        edge = [(at, down(y, point.high)) for at, point in places]
        edge += [(at, down(y, point.low)) for at, point in reversed(places)]
        parts.areas.append(Path(tuple(edge), look))
    parts.lines.append(Path(tuple((at, down(y, point.mean)) for at, point in places), f"{look} {_dash(number)}"))
    for at, point in places if len(places) <= _MARKED else places[-1:]:
        tip = f"{curve.model_id} after epoch {point.epoch}: mean {point.mean:.2f} %"
        tip += f", {point.low:.2f} to {point.high:.2f} %, n = {point.n}"
        parts.marks.append(Mark(at, down(y, point.mean), "circle", f"{look} small", tip))
    return parts


def _dash(number: int) -> str:
    """The dash of the ``number``-th model: colours repeat, dashes then differ."""
    return f"d{number // len(style.CYCLE) % len(style.DASHES)}"
