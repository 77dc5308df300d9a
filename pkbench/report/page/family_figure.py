"""The figure of the families: means with intervals along a size, and the paper's points beside or among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pkbench.report.families import Line, Panel, PaperLine, Place, panels
from pkbench.report.families_axes import size_label
from pkbench.report.families_figure import metric_label, papers_apart, shifts
from pkbench.report.families_marks import are_one
from pkbench.report.page.axes import Axis, of_sizes, of_values
from pkbench.report.page.drawing import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Box,
    Drawn,
    Key,
    Mark,
    Parts,
    Path,
    Plot,
    Stroke,
    across,
    down,
    runs_in_words,
    series,
    shape,
)
from pkbench.report.sections import FIGURE_TEXTS
from pkbench.report.study import Study
from pkbench.report.words import counted, estimated, size
from pkbench.spec.metric import METRICS, noun

_TICKS = 5
_APART = 7.0
"""Units between the marks of two families at the same x."""

Looks = Mapping[str, int]
"""The number of each family, the same in every panel: it gives colour and mark."""


def families(study: Study) -> Drawn | None:
    """A panel for each data set, size and metric that claims about families have, the paper's points hollow."""
    found = panels(study)
    if not found:
        return None
    looks = {name: i for i, name in enumerate(dict.fromkeys(line.name for panel in found for line in panel.lines))}
    runs = {summary.model_id: summary.run_ids for summary in study.evaluation.models}
    plots: list[Plot] = []
    for panel in found:
        plots.append(_ours(study, panel, looks, runs))
        plots += [_papers(panel, lines, looks) for lines in papers_apart(panel, study.evaluation.profile)]
    keys = [Key(name, series(i), shape(i)) for name, i in looks.items()]
    if any(panel.paper for panel in found):
        keys.append(Key("the paper's points, dotted", "ink hollow", "circle"))
    if any(panel.claimed and are_one(panel.claimed) for panel in found):
        keys.append(Key("claimed place of an extremum", "claimed"))
    if any(panel.claimed and not are_one(panel.claimed) for panel in found):
        keys.append(Key("bars: claimed places of extrema, in the family's colour", "crossing-bar"))
    if any(panel.crossings for panel in found):
        keys.append(Key("means cross", "crossing"))
    return Drawn("Families", f"{FIGURE_TEXTS['families']}.", tuple(keys), plots=tuple(plots))


def _ours(study: Study, panel: Panel, looks: Looks, runs: Mapping[str, Sequence[str]]) -> Plot:
    """Our means with their intervals, and the paper's points where they measure the same."""
    same = [line for line in panel.paper if panel.measures_the_same(line, study.evaluation.profile)]
    places = [place for line in panel.lines for place in line.places]
    x = of_sizes(
        [place.x for place in places] + [point.x for line in same for point in line.series.points],
        width=RIGHT - LEFT,
        reach=[end for place in panel.claimed for end in (place.low, place.high)],
    )
    ends = [
        end
        for place in places
        for end in (place.estimate.mean, place.estimate.low, place.estimate.high)
        if end is not None
    ]
    y = of_values([*ends, *(y for line in same for y in _reach(line))], ticks=_TICKS)
    sizes = {place.estimate.n for place in places}
    n = counted(max(sizes), "seed") if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)} seeds"
    drawn = [
        _line(panel, line, looks[line.name], x, y, runs, _APART * shift)
        for line, shift in zip(panel.lines, shifts(panel.lines), strict=True)
    ]
    drawn += [_paper_line(line, looks, x, y) for line in same]
    return Plot(
        title=f"{panel.data_id}, n = {n}",
        x_label=size_label(panel.x),
        y_label=metric_label(panel.metric),
        x=x,
        y=y,
        boxes=_claimed(panel, x, looks),
        areas=tuple(area for part in drawn for area in part.areas),
        strokes=(*_crossings(panel, x), *(stroke for part in drawn for stroke in part.strokes)),
        lines=tuple(line for part in drawn for line in part.lines),
        marks=tuple(mark for part in drawn for mark in part.marks),
    )


def _line(
    panel: Panel, line: Line, number: int, x: Axis, y: Axis, runs: Mapping[str, Sequence[str]], shift: float
) -> Parts:
    """One family ``shift`` units beside its places; a single model has a line across and a band."""
    parts, look = Parts(), series(number)
    if line.is_single:
        _across(parts, panel, line, number, y, runs)
        return parts
    known = [(place, place.estimate.mean) for place in line.places if place.estimate.mean is not None]
    parts.lines.append(Path(tuple((across(x, place.x) + shift, down(y, mean)) for place, mean in known), look))
    for place, mean in known:
        at = across(x, place.x) + shift
        if place.estimate.low is not None and place.estimate.high is not None:
            parts.strokes.append(Stroke(at, down(y, place.estimate.low), at, down(y, place.estimate.high), look))
        parts.marks.append(Mark(at, down(y, mean), shape(number), look, _tip(panel, place, runs)))
    return parts


def _across(parts: Parts, panel: Panel, line: Line, number: int, y: Axis, runs: Mapping[str, Sequence[str]]) -> None:
    """A model that stands beside every member of a family."""
    first, look = line.places[0], series(number)
    estimate = first.estimate
    if estimate.mean is None:
        return
    height = down(y, estimate.mean)
    if estimate.low is not None and estimate.high is not None:
        low, high = down(y, estimate.low), down(y, estimate.high)
        parts.areas.append(Path(((LEFT, high), (RIGHT, high), (RIGHT, low), (LEFT, low)), look))
    parts.lines.append(Path(((LEFT, height), (RIGHT, height)), look))
    parts.marks.append(Mark(RIGHT - 6, height, shape(number), look, _tip(panel, first, runs, everywhere=True)))


def _tip(panel: Panel, place: Place, runs: Mapping[str, Sequence[str]], *, everywhere: bool = False) -> str:
    where = "" if everywhere else f" at {size_label(panel.x)} = {size(place.x)}"
    unit = METRICS[panel.metric].unit
    value = f"{noun(panel.metric)} {estimated(place.estimate, panel.metric)}{f' {unit}' if unit else ''}"
    return f"{place.member}{where}: {value}, n = {place.estimate.n}{runs_in_words(runs.get(place.member, ()))}"


def _reach(line: PaperLine) -> list[float]:
    """The lowest and highest of every bar of a curve of the paper."""
    return [point.y + sign * (point.half_bar or 0.0) for point in line.series.points for sign in (-1, 1)]


def _paper_line(line: PaperLine, looks: Looks, x: Axis, y: Axis) -> Parts:
    """The points of a curve of the paper: hollow, dotted together, with their bars where drawn."""
    parts = Parts()
    number = looks.get(line.family)
    look = "ink" if number is None else series(number)
    points = sorted(line.series.points, key=lambda point: point.x)
    parts.lines.append(Path(tuple((across(x, point.x), down(y, point.y)) for point in points), f"{look} dotted"))
    for point in points:
        at, height = across(x, point.x), down(y, point.y)
        bar = ""
        if point.half_bar is not None:
            ends = down(y, point.y - point.half_bar), down(y, point.y + point.half_bar)
            parts.strokes.append(Stroke(at, ends[0], at, ends[1], f"{look} thin"))
            bar = f" ± {point.half_bar:.4g}"
        tip = f"the paper, Fig. {line.series.figure}, {line.series.name}: {point.y:.4g}{bar} at {size(point.x)}"
        mark = "circle" if number is None else shape(number)
        parts.marks.append(Mark(at, height, mark, f"{look} hollow", tip))
    return parts


def _papers(panel: Panel, lines: Sequence[PaperLine], looks: Looks) -> Plot:
    """A panel of the paper's own: another setting, so another scale."""
    first = lines[0].series
    points = [point for line in lines for point in line.series.points]
    along = panel.is_along(first)
    x = of_sizes([point.x for point in points], width=RIGHT - LEFT, reach=[])
    y = of_values([end for line in lines for end in _reach(line)], ticks=_TICKS)
    drawn = [_paper_line(line, looks, x, y) for line in lines]
    unit = METRICS[panel.metric].unit
    return Plot(
        title=f"The paper, Fig. {first.figure}" + (f", {first.dataset}" if first.dataset else "") + ", its own scale",
        x_label=size_label(first.x_name),
        y_label=noun(panel.metric) + (f" ({unit})" if unit else ""),
        x=x,
        y=y,
        boxes=_claimed(panel, x, looks) if along else (),
        strokes=tuple(stroke for part in drawn for stroke in part.strokes),
        lines=tuple(line for part in drawn for line in part.lines),
        marks=tuple(mark for part in drawn for mark in part.marks),
        paper=True,
    )


def _claimed(panel: Panel, x: Axis, looks: Looks) -> tuple[Box, ...]:
    """Where claims have the extremum: one range is shaded, several are bars along the top in their families' colours."""
    boxes = []
    for number, place in enumerate(panel.claimed):
        left, right = (LEFT + (RIGHT - LEFT) * x.inside(end) for end in (place.low, place.high))
        if are_one(panel.claimed):
            return (Box(left, TOP, right - left, BOTTOM - TOP, "claimed"),)
        look = series(looks[place.family]) if place.family in looks else "ink"
        boxes.append(Box(left, TOP + 6.0 * number, right - left, 4.0, f"{look} claim-bar"))
    return tuple(boxes)


def _crossings(panel: Panel, x: Axis) -> list[Stroke]:
    """Where means cross, and the interval of that place along the bottom."""
    strokes = []
    for spot in panel.crossings:
        if spot.x is None:
            continue
        at = across(x, spot.x)
        strokes.append(Stroke(at, TOP, at, BOTTOM, "crossing"))
        ends = [
            LEFT if spot.low is None else LEFT + (RIGHT - LEFT) * x.inside(spot.low),
            RIGHT if spot.high is None else LEFT + (RIGHT - LEFT) * x.inside(spot.high),
        ]
        strokes.append(Stroke(ends[0], BOTTOM - 3, ends[1], BOTTOM - 3, "crossing-bar"))
    return strokes
