"""Figures of a study: error of every seed, differences with intervals, learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import Published, published
from pkbench.claims.verdict import Verdict
from pkbench.report import style
from pkbench.report.cka_figure import cka_figure
from pkbench.report.curves import Curve, curves
from pkbench.report.sections import quoted
from pkbench.report.study import Study
from pkbench.report.words import big, counted, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 8.0
_ROW = 0.62
"""Height of one model or verdict in inches."""
_TALLEST = 100.0
"""Inches for the rows of a figure, however many there are: images have a largest size."""
_FEW = 8
"""Curves in one panel whose ranges can still be told apart."""


def write_figures(study: Study, folder: Path) -> dict[str, Path]:
    """Write every figure there are numbers for; path of the PNG by kind: ``errors``, ``effects``, ``curves``, ``cka``."""
    drawn = {}
    with style.styled():
        drawers = {
            "errors": errors_figure,
            "effects": effects_figure,
            "curves": curves_figure,
            "cka": cka_figure,
        }
        for name, draw in drawers.items():
            figure = draw(study)
            if figure is not None:
                drawn[name] = style.save(figure, folder / f"{study.name}-{name}")[0]
    return drawn


def errors_figure(study: Study) -> Figure | None:
    """Final test error of every seed, one panel a data set; seeds are joined, published numbers are hollow."""
    panels = [
        (data_id, rows)
        for data_id in (data.id for data in study.scaled.data)
        if (rows := [summary for summary in study.evaluation.models if summary.data_id == data_id and summary.n])
    ]
    if not panels:
        return None
    cited = {data_id: _quoted_rows(study, data_id) for data_id, _ in panels}
    heights = [len(rows) + len(cited[data_id]) for data_id, rows in panels]
    figure, axes = _panels(heights, extra=1.25)
    for axis, (data_id, rows) in zip(axes, panels, strict=True):
        _error_panel(axis, study, data_id, rows, cited[data_id])
    axes[-1].set_xlabel("test error of the final epoch (%)")
    shown = {data_id for data_id, _ in panels}
    _error_legend(figure, study, hollow=any(entry.data in shown for entry in study.scaled.spec.reported))
    style.note(figure, _caption(study))
    return figure


def _panels(heights: Sequence[int], *, extra: float) -> tuple[Figure, list[Axes]]:
    """A figure with one panel below the other, ``heights`` rows each and ``extra`` inches around each."""
    from matplotlib.figure import Figure

    row = min(_ROW, _TALLEST / sum(heights))
    total = sum(row * height + extra for height in heights)
    figure = Figure(figsize=(_WIDTH, total + 0.5), layout="constrained")
    ratios = [row * height + extra / 2 for height in heights]
    grid = figure.subplots(len(heights), 1, squeeze=False, height_ratios=ratios)
    return figure, list(grid[:, 0])


def _error_panel(
    axis: Axes, study: Study, data_id: str, rows: Sequence[ModelSummary], cited: Sequence[tuple[str, Published]]
) -> None:
    sizes = {summary.n for summary in rows}
    n = f"n = {counted(min(sizes), 'seed')}" if len(sizes) == 1 else f"n = {min(sizes)} to {max(sizes)} seeds"
    axis.set_title(f"{study.evaluation.spec_id} at {study.evaluation.profile}, {data_id}: {n}")
    _seed_marks(axis, rows)
    for row, summary in enumerate(rows):
        _mean_mark(axis, summary, row + 0.16)
        reported = published(study.scaled.spec, summary.model_id, data_id)
        if reported is not None:
            _paper_mark(axis, reported, row + 0.38)
    for row, (_, reported) in enumerate(cited, start=len(rows)):
        _paper_mark(axis, reported, row)
    labels = [f"{summary.model_id}\n{big(summary.connections)} connections" for summary in rows]
    labels += [f"{name}\nquoted, not run" for name, _ in cited]
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    style.light_grid(axis, axis="x")


def _seed_marks(axis: Axes, rows: Sequence[ModelSummary]) -> None:
    """A dot for each seed, equal errors stacked; a thin line joins a seed's dots in neighbouring rows."""
    above: dict[int, tuple[float, float]] = {}
    for row, summary in enumerate(rows):
        places: dict[int, tuple[float, float]] = {}
        for seed, error in summary.errors.items():
            stacked = sum(round(error, 6) == round(x, 6) for x, _ in places.values())
            places[seed] = (error, row - 0.08 - 0.13 * stacked)
            if seed in above:
                x, y = above[seed]
                axis.plot([x, error], [y, places[seed][1]], color=style.FAINT, linewidth=1, zorder=1)
        dots = list(places.values())
        axis.plot([x for x, _ in dots], [y for _, y in dots], "o", color=style.BLUE, **style.DOT, zorder=3)
        above = places


def _mean_mark(axis: Axes, summary: ModelSummary, row: float) -> None:
    """The mean as a tall tick with its interval, where there is one."""
    if summary.low is not None and summary.high is not None:
        bounds = [summary.low, summary.high]
        axis.plot(bounds, [row, row], color=style.INK, linewidth=1.6, zorder=4, solid_capstyle="butt")
    if summary.mean is not None:
        axis.plot([summary.mean], [row], "|", color=style.INK, markersize=13, markeredgewidth=2.4, zorder=5)


def _paper_mark(axis: Axes, reported: Published, row: float) -> None:
    """A published number: hollow, with its deviation where one is given."""
    axis.errorbar(
        [reported.mean],
        [row],
        xerr=None if reported.sd is None else [reported.sd],
        color=style.ORANGE,
        linestyle="",
        **style.HOLLOW,
        elinewidth=1.2,
        capsize=3,
        zorder=4,
    )


def _error_legend(figure: Figure, study: Study, *, hollow: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", linestyle="", color=style.BLUE, **style.DOT, label="one seed"),
        Line2D([], [], marker="|", color=style.INK, markersize=12, markeredgewidth=2.4, label="mean, 95 % interval"),
    ]
    if hollow:
        label = "paper, mean ± sd" + (
            "" if study.evaluation.profile == "paper" else " (at its own scale, not this one)"
        )
        handles.append(Line2D([], [], color=style.ORANGE, linewidth=1.2, **style.HOLLOW, label=label))
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handletextpad=0.5)


def _quoted_rows(study: Study, data_id: str) -> list[tuple[str, Published]]:
    """Published rows of ``data_id`` that nobody runs here, by name."""
    rows = [entry.row for entry in quoted(study) if entry.data == data_id]
    return [(row, found) for row in rows if (found := published(study.scaled.spec, row, data_id)) is not None]


def effects_figure(study: Study) -> Figure | None:
    """Differences that claims are about with their intervals, and the boundary each must lie below."""
    verdicts = [v for v in study.evaluation.verdicts if v.kind != "value" and v.effect is not None]
    if not verdicts:
        return None
    figure, (axis,) = _panels([len(verdicts)], extra=1.25)
    axis.set_title(f"{study.evaluation.spec_id} at {study.evaluation.profile}: differences between models")
    for row, verdict in enumerate(verdicts):
        _effect_row(axis, verdict, row)
    axis.set_yticks(range(len(verdicts)), [_effect_label(verdict) for verdict in verdicts])
    axis.set_ylim(len(verdicts) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    style.light_grid(axis, axis="x")
    axis.set_xlabel(
        "difference of test error, first minus second (percentage points)\n"
        "bars: two-sided intervals, not corrected; dashes: the claim lies to their left, or between two"
    )
    style.note(figure, _caption(study))
    return figure


def _effect_row(axis: Axes, verdict: Verdict, row: int) -> None:
    colour = style.OUTCOME_COLOURS[verdict.outcome]
    for boundary in verdict.boundaries:
        axis.plot([boundary, boundary], [row - 0.42, row + 0.42], "--", color=style.INK, linewidth=1, zorder=2)
    if verdict.low is not None and verdict.high is not None:
        axis.plot([verdict.low, verdict.high], [row, row], color=colour, linewidth=2.2, zorder=3, solid_capstyle="butt")
    if verdict.effect is not None:
        marker = style.OUTCOME_MARKERS[verdict.outcome]
        axis.plot([verdict.effect], [row], marker, color=colour, markersize=8, zorder=4)
    # In axes coordinates to the right of the panel: no interval can run into it.
    axis.annotate(
        f"{verdict.outcome}\nn = {verdict.n}",
        xy=(1.01, row),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=9,
        color=colour if verdict.outcome != "inconclusive" else style.INK,
    )


def _effect_label(verdict: Verdict) -> str:
    return f"{verdict.claim_id}, {verdict.data_id}\n{verdict.a} − {verdict.b}"


def curves_figure(study: Study) -> Figure | None:
    """Mean test error over the epochs, one panel a data set, with the range of the seeds."""
    found = curves(study)
    by_data = {data.id: [curve for curve in found if curve.data_id == data.id] for data in study.scaled.data}
    panels = [(data_id, members) for data_id, members in by_data.items() if members]
    if not panels:
        return None
    figure, axes = _panels([5] * len(panels), extra=0.8)
    for axis, (data_id, members) in zip(axes, panels, strict=True):
        few = len(members) <= _FEW
        for number, curve in enumerate(members):
            _curve(axis, curve, number, with_range=few)
        sizes = {curve.points[-1].n for curve in members}
        n = f"{min(sizes)}" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
        what = "mean and range" if few else "mean"
        axis.set_title(f"{study.evaluation.spec_id} at {study.evaluation.profile}, {data_id}: {what} of n = {n} seeds")
        axis.set_ylabel("test error (%)")
        axis.set_ylim(bottom=0)
        style.light_grid(axis, axis="y")
        # Many names would cover the curves: beside them, then.
        axis.legend(loc="upper right" if few else "upper left", bbox_to_anchor=None if few else (1, 1))
    axes[-1].set_xlabel("epoch")
    style.note(figure, _caption(study))
    return figure


def _curve(axis: Axes, curve: Curve, number: int, *, with_range: bool) -> None:
    """One model: colours repeat after seven, dashes then differ."""
    colour = style.CYCLE[number % len(style.CYCLE)]
    dash = style.DASHES[number // len(style.CYCLE) % len(style.DASHES)]
    epochs = [point.epoch for point in curve.points]
    if with_range:
        lows, highs = [point.low for point in curve.points], [point.high for point in curve.points]
        axis.fill_between(epochs, lows, highs, color=colour, alpha=0.15, linewidth=0)
    # Marks show where the model was evaluated, as long as they can be told apart.
    marker = "o" if len(epochs) <= 30 else ""
    means = [point.mean for point in curve.points]
    axis.plot(epochs, means, dash, marker=marker, markersize=3, color=colour, label=curve.model_id)


def _caption(study: Study) -> str:
    # A dollar sign would start a formula.
    return f"Profile {study.evaluation.profile}. {plain(study.evaluation.scope)}".replace("$", r"\$")
