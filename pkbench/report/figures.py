"""Figures of a study: error of every seed, effects with intervals, learning curves."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import Published, published
from pkbench.claims.verdict import Verdict
from pkbench.report import style
from pkbench.report.cka_figure import cka_figure
from pkbench.report.curves import Curve, CurvePanel, curve_panels
from pkbench.report.effects import by_unit, margins
from pkbench.report.families import fits_in_rows, members_of
from pkbench.report.families_figure import families_figure
from pkbench.report.sections import quoted_rows
from pkbench.report.study import Study
from pkbench.report.words import big, counted, effect_of
from pkbench.spec.claim import AnyClaim

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL = 36
"""Characters in a line beside a row."""


def write_figures(study: Study, folder: Path, export: Path | None = None) -> dict[str, Path]:
    """Write every figure there are numbers for; path of the PNG by kind: ``errors``, ``effects``, ``families``, ``curves``, ``cka``.

    With ``export`` each is also written there as PDF, SVG and PNG, for a paper.
    """
    drawn = {}
    with style.styled():
        drawers = {
            "errors": errors_figure,
            "effects": effects_figure,
            "families": families_figure,
            "curves": curves_figure,
            "cka": cka_figure,
        }
        for name, draw in drawers.items():
            figure = draw(study)
            if figure is not None:
                drawn[name] = style.save(figure, folder / f"{study.name}-{name}")[0]
                if export is not None:
                    style.save(figure, export / f"{study.name}-{name}", ("pdf", "svg", "png"))
    return drawn


def errors_figure(study: Study) -> Figure | None:
    """Final test error of every seed, one panel a data set; seeds are joined, published numbers are hollow.

    Families too long for rows are left to their own figure, where that has their test errors.
    """
    panels = [
        (data_id, rows)
        for data_id in (data.id for data in study.scaled.data)
        if (rows := [summary for summary in fits_in_rows(study, data_id) if summary.n])
    ]
    if not panels:
        return None
    cited = {data_id: quoted_rows(study, data_id) for data_id, _ in panels}
    heights = [len(rows) + len(cited[data_id]) for data_id, rows in panels]
    figure, axes = style.panels(heights, extra=1.25)
    for axis, (data_id, rows) in zip(axes, panels, strict=True):
        _error_panel(axis, study, data_id, rows, cited[data_id])
    axes[-1].set_xlabel("test error of the final epoch (%)")
    shown = {data_id for data_id, _ in panels}
    _error_legend(figure, study, hollow=any(entry.data in shown for entry in study.scaled.spec.reported))
    style.note(figure, _caption(study))
    return figure


def _error_panel(
    axis: Axes, study: Study, data_id: str, rows: Sequence[ModelSummary], cited: Sequence[tuple[str, Published]]
) -> None:
    sizes = {summary.n for summary in rows}
    n = f"n = {counted(min(sizes), 'seed')}" if len(sizes) == 1 else f"n = {min(sizes)} to {max(sizes)} seeds"
    axis.set_title(f"{study.evaluation.spec_id} at {study.evaluation.profile}, {data_id}: {n}")
    families = members_of(study)
    kin = [families.get(summary.model_id) for summary in rows]
    joined = [row > 0 and kin[row] == kin[row - 1] for row in range(len(rows))]
    style.seed_dots(axis, [summary.errors for summary in rows], joined)
    for row, summary in enumerate(rows):
        if summary.mean is not None:
            bounds = None if summary.low is None or summary.high is None else (summary.low, summary.high)
            style.mean_tick(axis, summary.mean, bounds, row + 0.16)
        reported = published(study.scaled.spec, summary.model_id, data_id)
        if reported is not None:
            style.paper_mark(axis, reported.mean, reported.sd, row + 0.38)
    for row, (_, reported) in enumerate(cited, start=len(rows)):
        style.paper_mark(axis, reported.mean, reported.sd, row)
    labels = [f"{summary.model_id}\n{big(summary.connections)} connections" for summary in rows]
    labels += [f"{name}\nquoted, not run" for name, _ in cited]
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    style.light_grid(axis, axis="x")


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


def effects_figure(study: Study) -> Figure | None:
    """Effects that claims are about with their intervals, one panel a unit, and the margins of the claims."""
    panels = by_unit(study.evaluation.verdicts)
    if not panels:
        return None
    claims = {claim.id: claim for claim in study.scaled.spec.claim}
    figure, axes = style.panels([len(found) for found in panels.values()], extra=1.25)
    for axis, (unit, found) in zip(axes, panels.items(), strict=True):
        for row, verdict in enumerate(found):
            _effect_row(axis, verdict, claims[verdict.claim_id], row)
        axis.set_yticks(range(len(found)), [_effect_label(verdict) for verdict in found])
        axis.set_ylim(len(found) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        style.light_grid(axis, axis="x")
        axis.set_xlabel(unit)
    axes[0].set_title(f"{study.evaluation.spec_id} at {study.evaluation.profile}: effects the claims are about")
    note = "Bars: two-sided intervals, not corrected. Dashes: margins of the claim, which holds where the arrows point."
    style.note(figure, f"{note} {_caption(study)}")
    return figure


def _effect_row(axis: Axes, verdict: Verdict, claim: AnyClaim, row: int) -> None:
    colour = style.OUTCOME_COLOURS[verdict.outcome]
    for margin, arrow in margins(verdict, claim):
        axis.plot([margin, margin], [row - 0.42, row + 0.42], "--", color=style.INK, linewidth=1, zorder=2)
        axis.plot([margin], [row - 0.42], arrow, color=style.INK, markersize=5, zorder=2)
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
    # A number stays with its sign and a name with the minus before it.
    bound = "\N{NO-BREAK SPACE}"
    what = effect_of(verdict).replace(" = ", f"{bound}={bound}").replace("− ", f"−{bound}")
    lines = [f"{verdict.claim_id}, {verdict.data_id}", *textwrap.wrap(what, _LABEL)]
    return "\n".join(lines).replace(bound, " ")


def curves_figure(study: Study) -> Figure | None:
    """Mean test error over the epochs, one panel a data set, with the range of the seeds where few models are shown."""
    panels = curve_panels(study)
    if not panels:
        return None
    figure, axes = style.panels([5] * len(panels), extra=0.8)
    for axis, panel in zip(axes, panels, strict=True):
        where = f"{study.evaluation.spec_id} at {study.evaluation.profile}, {panel.data_id}"
        _curve_panel(axis, where, panel)
    axes[-1].set_xlabel("epoch")
    many = any(panel.thinned for panel in panels)
    note = "Of each family the first, the middle and the last member where there are many. " if many else ""
    style.note(figure, f"{note}{_caption(study)}")
    return figure


def _curve_panel(axis: Axes, where: str, panel: CurvePanel) -> None:
    few = panel.with_range
    for number, curve in enumerate(panel.curves):
        _curve(axis, curve, number, with_range=few)
    axis.set_title(f"{where}: {'mean and range' if few else 'mean'} of n = {panel.n} seeds")
    axis.set_ylabel("test error (%)")
    axis.set_ylim(bottom=0)
    style.light_grid(axis, axis="y")
    # Many names would cover the curves: beside them, then.
    axis.legend(loc="upper right" if few else "upper left", bbox_to_anchor=None if few else (1, 1))


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
    return style.caption(study.evaluation.profile, study.evaluation.scope)
