"""The figure of the families: means with intervals along a size, and the paper's points beside or among them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from pkbench.report import style
from pkbench.report.families import Line, Panel, PaperLine, panels
from pkbench.report.families_axes import lay_out, size_label
from pkbench.report.families_marks import HOLLOW, Look, are_one, claimed_places, marks, our_curve, paper_curve
from pkbench.report.study import Study
from pkbench.report.words import counted
from pkbench.spec.metric import METRICS, MetricName, noun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL = 1.85
"""Inches of a row of the paper's panels; ours are two high."""
_COLUMNS = 4
"""Small panels across the figure; ours are two wide where the paper's stand beside it."""
_APART = 5.0
"""Points between the marks of two families at the same x, so that intervals do not hide each other."""
_LABEL = 36
"""Characters in a line of an axis label."""
_TITLE = 40
"""Characters in a line of the title of a panel of half the figure's width."""
_FONT = 8.0
"""Size of the text around the paper's panels."""


def families_figure(study: Study) -> Figure | None:
    """A panel for each data set, size and metric that claims about families have; the paper's points are hollow.

    They share a panel with ours where they measure the same, and otherwise stand in panels of their own beside it.
    """
    from matplotlib.figure import Figure

    found = panels(study)
    if not found:
        return None
    looks = _looks(found)
    apart = [papers_apart(panel, study.evaluation.profile) for panel in found]
    rows = [2 + max(0, -(-(len(others) - 4) // _COLUMNS)) for others in apart]
    height = min(_SMALL, style.TALLEST / sum(rows))
    figure = Figure(figsize=(style.WIDTH, height * sum(rows) + 0.9), layout="constrained")
    grid = figure.add_gridspec(sum(rows), _COLUMNS)
    top = 0
    for panel, others, count in zip(found, apart, rows, strict=True):
        axis = figure.add_subplot(grid[top : top + 2, : 2 if others else _COLUMNS])
        _draw_panel(axis, study, panel, looks, whole=not others)
        for number, lines in enumerate(others):
            across, down, columns = _place(number, len(others))
            place = grid[top + down.start : top + down.stop, across]
            _draw_paper(figure.add_subplot(place), panel, lines, looks, columns=columns)
        top += count
    _legend(figure, study, found, looks)
    style.note(figure, style.caption(study.evaluation.profile, study.evaluation.scope))
    return figure


def _looks(found: Sequence[Panel]) -> dict[str, Look]:
    """A colour and a marker for each family, the same in every panel."""
    names = dict.fromkeys(line.name for panel in found for line in panel.lines)
    return {
        name: Look(style.CYCLE[number % len(style.CYCLE)], style.MARKERS[number % len(style.MARKERS)])
        for number, name in enumerate(names)
    }


def papers_apart(panel: Panel, profile: str) -> list[list[PaperLine]]:
    """The paper's curves that do not measure the same as ours, those of one figure and data set together."""
    others = [line for line in panel.paper if not panel.measures_the_same(line, profile)]

    def place(line: PaperLine) -> tuple[str, str, str]:
        return (line.series.figure, line.series.dataset, line.series.x_name)

    order = list(dict.fromkeys(map(place, others)))
    return [
        list(members) for _, members in groupby(sorted(others, key=lambda line: order.index(place(line))), key=place)
    ]


def _draw_panel(axis: Axes, study: Study, panel: Panel, looks: dict[str, Look], *, whole: bool) -> None:
    profile = study.evaluation.profile
    same = [line for line in panel.paper if panel.measures_the_same(line, profile)]
    for line, shift in zip(panel.lines, shifts(panel.lines), strict=True):
        our_curve(axis, line, looks[line.name], shift=_APART * shift)
    for paper in same:
        paper_curve(axis, paper, looks)
    xs = [place.x for line in panel.lines for place in line.places]
    xs += [point.x for paper in same for point in paper.series.points]
    lay_out(
        axis,
        xs,
        inches=style.WIDTH * (0.9 if whole else 0.45),
        reach=[x for place in panel.claimed for x in (place.low, place.high)],
    )
    marks(axis, panel, looks)
    sizes = {place.estimate.n for line in panel.lines for place in line.places}
    n = counted(max(sizes), "seed") if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)} seeds"
    title = f"{study.evaluation.spec_id} at {profile}, {panel.data_id}: n = {n}"
    axis.set_title("\n".join(textwrap.wrap(style.safe(title), _TITLE * (2 if whole else 1))))
    axis.set_xlabel(size_label(panel.x))
    axis.set_ylabel("\n".join(textwrap.wrap(metric_label(panel.metric), _LABEL)))
    style.light_grid(axis, axis="y")


def shifts(lines: Sequence[Line]) -> list[float]:
    """Steps to draw each line beside its x: only lines that share an x are moved, a step apart from each other."""
    groups: list[list[int]] = []
    for number, line in enumerate(lines):
        here = {place.x for place in line.places}
        touching = [group for group in groups if any(here & {place.x for place in lines[i].places} for i in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*(i for group in touching for i in group), number])
    return [
        sorted(group).index(number) - (len(group) - 1) / 2
        for number in range(len(lines))
        for group in groups
        if number in group
    ]


def metric_label(metric: MetricName) -> str:
    """A metric in words with its unit."""
    unit = METRICS[metric].unit
    return METRICS[metric].meaning + (f" ({unit})" if unit else "")


def _place(number: int, count: int) -> tuple[slice, slice, int]:
    """Columns and rows of one of the paper's panels, and how many columns it is wide: beside ours, then below it."""
    if count == 1:
        return slice(2, 4), slice(0, 2), 2
    if count == 2:
        return slice(2, 4), slice(number, number + 1), 2
    if number < 4:
        return slice(2 + number % 2, 3 + number % 2), slice(number // 2, number // 2 + 1), 1
    column, row = number % _COLUMNS, 1 + number // _COLUMNS
    return slice(column, column + 1), slice(row, row + 1), 1


def _draw_paper(axis: Axes, panel: Panel, lines: Sequence[PaperLine], looks: dict[str, Look], *, columns: int) -> None:
    """A panel of the paper's own: another setting, so another scale."""
    for line in lines:
        paper_curve(axis, line, looks)
    series = lines[0].series
    xs = [point.x for line in lines for point in line.series.points]
    lay_out(axis, xs, inches=(style.WIDTH / _COLUMNS - 0.5) * columns, reach=[])
    if panel.is_along(series):
        claimed_places(axis, panel.claimed, looks)
    title = f"the paper, Fig. {series.figure}" + (f", {series.dataset}" if series.dataset else "") + " (its own scale)"
    lines_of_title = textwrap.wrap(style.safe(title), 26 * columns)
    axis.set_title("\n".join(lines_of_title), fontsize=_FONT, fontweight="normal")
    axis.set_xlabel(size_label(series.x_name), fontsize=_FONT)
    unit = METRICS[panel.metric].unit
    axis.set_ylabel(noun(panel.metric) + (f" ({unit})" if unit else ""), fontsize=_FONT)
    axis.tick_params(labelsize=_FONT)
    style.light_grid(axis, axis="y")


def _legend(figure: Figure, study: Study, found: Sequence[Panel], looks: dict[str, Look]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    levels = sorted({100 * (1 - panel.alpha) for panel in found})
    intervals = " or ".join(f"{level:g}" for level in levels)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=look.colour, marker=look.marker, markersize=6, linewidth=1.6, label=name)
        for name, look in looks.items()
    ]
    handles.append(
        Line2D([], [], color=style.INK, linestyle="", marker="|", markersize=11, label=f"{intervals} % interval")
    )
    if any(panel.paper for panel in found):
        apart = any(papers_apart(panel, study.evaluation.profile) for panel in found)
        label = "the paper's points" + (" (their own scale)" if apart else "")
        hollow = HOLLOW | {"marker": "o"}
        handles.append(Line2D([], [], color=style.INK, linestyle=":", linewidth=1.2, **hollow, label=label))
    if any(panel.claimed and are_one(panel.claimed) for panel in found):
        handles.append(Patch(color=style.SHADE, linewidth=0, label="claimed place of the extremum"))
    if any(panel.claimed and not are_one(panel.claimed) for panel in found):
        label = "claimed places of extrema, in the family's colour"
        handles.append(Line2D([], [], color=style.INK, linewidth=4, label=label))
    if any(panel.crossings for panel in found):
        handles.append(
            Line2D([], [], color=style.INK, linestyle="-.", linewidth=1.2, label="means cross; bar: interval")
        )
    figure.legend(handles=handles, loc="outside upper left", ncols=3, handletextpad=0.6)
