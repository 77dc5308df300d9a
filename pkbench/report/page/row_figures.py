"""Figures with a row for each model or claim: final errors of every seed, and effects with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import Published, published
from pkbench.claims.verdict import Verdict
from pkbench.report import style
from pkbench.report.effects import by_unit, margins
from pkbench.report.families import fits_in_rows
from pkbench.report.page.axes import Axis, of_values
from pkbench.report.page.cells import decimals
from pkbench.report.page.drawing import NAMES, Drawn, Key, Mark, Row, Rows, Stroke, per_cent, runs_in_words
from pkbench.report.page.names import anchor_of, look_of, study_anchor
from pkbench.report.sections import quoted_rows
from pkbench.report.study import Study
from pkbench.report.words import big, counted, effect, effect_of, mean_sd, outcome, with_interval
from pkbench.report.words import published as number

_TICKS = 6
_STEP = 5.0
"""Units between the dots of seeds that have the same value."""


def errors(study: Study) -> Drawn | None:
    """Final test error of every seed, a panel for each data set, as in :func:`pkbench.report.figures.errors_figure`."""
    panels = []
    for data in study.scaled.data:
        rows = [summary for summary in fits_in_rows(study, data.id) if summary.n]
        if rows:
            panels.append(_error_panel(study, data.id, rows))
    if not panels:
        return None
    keys = [Key("one seed", "seed", "circle"), Key("mean, 95 % interval", "mean", "tick")]
    if any("paper" in mark.look for panel in panels for row in panel.rows for mark in row.marks):
        scale = "" if study.evaluation.profile == "paper" else " (at its own scale, not this one)"
        keys.append(Key(f"the paper, mean ± sd{scale}", "paper hollow", "square"))
    caption = (
        "Final test error of every seed, and the mean over seeds with its 95 % interval; published numbers are hollow."
    )
    return Drawn("Test error of every seed", caption, tuple(keys), rows=tuple(panels))


def _error_panel(study: Study, data_id: str, rows: Sequence[ModelSummary]) -> Rows:
    cited = quoted_rows(study, data_id)
    papers = [published(study.scaled.spec, summary.model_id, data_id) for summary in rows]
    values = [value for summary in rows for value in summary.errors.values()]
    values += [end for summary in rows for end in (summary.low, summary.high) if end is not None]
    for found in (*papers, *(entry for _, entry in cited)):
        if found is not None:
            values += [found.mean - (found.sd or 0.0), found.mean + (found.sd or 0.0)]
    axis = of_values(values, ticks=_TICKS)
    drawn = [_error_row(axis, summary, paper) for summary, paper in zip(rows, papers, strict=True)]
    drawn += [
        Row(name, "quoted, not run", f"{number(found)} %", "", 28.0, *_paper(axis, found, 14.0, f"{name}, quoted: "))
        for name, found in cited
    ]
    sizes = {summary.n for summary in rows}
    n = counted(min(sizes), "seed") if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)} seeds"
    return Rows(
        f"{data_id}, n = {n}",
        "test error of the final epoch (%)",
        axis,
        tuple(drawn),
        f"grid:{study_anchor(study)}:errors:{data_id}",
    )


def _error_row(axis: Axis, summary: ModelSummary, paper: Published | None) -> Row:
    """Dots of the seeds, below them the mean, below that the published number."""
    dots: list[Mark] = []
    strokes: list[Stroke] = []
    most = _stacked(summary)
    top = 8.0 + _STEP * (most - 1)
    seen: dict[float, int] = {}
    for (seed, value), run_id in zip(summary.errors.items(), summary.run_ids, strict=True):
        level = seen.get(round(value, 6), 0)
        seen[round(value, 6)] = level + 1
        tip = f"{summary.model_id}, seed {seed}: {value:.2f} %{runs_in_words([run_id])}"
        dots.append(Mark(per_cent(axis, value), top - _STEP * level, "circle", "seed", tip, seed))
    y = top + 14
    if summary.mean is not None:
        interval = ""
        if summary.low is not None and summary.high is not None:
            strokes.append(Stroke(per_cent(axis, summary.low), y, per_cent(axis, summary.high), y, "mean"))
            interval = f", 95 % interval {decimals(summary.low)} to {decimals(summary.high)} %"
        tip = (
            f"{summary.model_id}: mean {summary.mean:.2f} %{interval}, n = {summary.n}{runs_in_words(summary.run_ids)}"
        )
        dots.append(Mark(per_cent(axis, summary.mean), y, "tick", "mean", tip))
    if paper is not None:
        y += 16
        more_strokes, more_marks = _paper(axis, paper, y, f"{summary.model_id} in the paper: ")
        strokes += more_strokes
        dots += more_marks
    under, shown = f"{big(summary.connections)} connections", f"{mean_sd(summary.mean, summary.sd)} %"
    return Row(summary.model_id, under, shown, f"n = {summary.n}", y + 12, tuple(strokes), tuple(dots))


def _stacked(summary: ModelSummary) -> int:
    """The most seeds that have one and the same value."""
    values = [round(value, 6) for value in summary.errors.values()]
    return max((values.count(value) for value in values), default=1)


def _paper(axis: Axis, found: Published, y: float, before: str) -> tuple[tuple[Stroke, ...], tuple[Mark, ...]]:
    """A published number: hollow, with its deviation where one is given."""
    strokes = []
    if found.sd is not None:
        ends = per_cent(axis, found.mean - found.sd), per_cent(axis, found.mean + found.sd)
        strokes.append(Stroke(ends[0], y, ends[1], y, "paper"))
    tip = f"{before}{number(found)} %, {found.place}"
    return tuple(strokes), (Mark(per_cent(axis, found.mean), y, "square", "paper hollow", tip),)


def effects(study: Study) -> Drawn | None:
    """Effects that claims are about with their intervals, a panel for each unit."""
    panels = tuple(
        _effect_panel(study, i, unit, found)
        for i, (unit, found) in enumerate(by_unit(study.evaluation.verdicts).items())
    )
    if not panels:
        return None
    outcomes = dict.fromkeys(verdict.outcome for verdict in study.evaluation.verdicts if verdict.effect is not None)
    keys = [Key(word, look_of(word), NAMES[style.OUTCOME_MARKERS[word]]) for word in outcomes]
    keys.append(Key("margin of the claim: it holds where the arrow points", "margin", "right"))
    caption = "Effects the claims are about with their two-sided intervals, not corrected; one panel a unit."
    return Drawn("Effects", caption, tuple(keys), rows=panels)


def _effect_panel(study: Study, place: int, unit: str, verdicts: Sequence[Verdict]) -> Rows:
    claims = {claim.id: claim for claim in study.scaled.spec.claim}
    found = [(verdict, margins(verdict, claims[verdict.claim_id])) for verdict in verdicts]
    values = [end for verdict, _ in found for end in (verdict.effect, verdict.low, verdict.high) if end is not None]
    values += [margin for _, edges in found for margin, _ in edges]
    axis = of_values(values, ticks=_TICKS)
    anchor = f"grid:{study_anchor(study)}:effects:{place}"
    return Rows("", unit, axis, tuple(_effect_row(study, axis, verdict, edges) for verdict, edges in found), anchor)


def _effect_row(study: Study, axis: Axis, verdict: Verdict, edges: Sequence[tuple[float, str]]) -> Row:
    look = look_of(verdict.outcome)
    y = 19.0
    strokes = [Stroke(per_cent(axis, margin), 0.0, per_cent(axis, margin), 2 * y, "margin") for margin, _ in edges]
    if verdict.low is not None and verdict.high is not None:
        strokes.append(Stroke(per_cent(axis, verdict.low), y, per_cent(axis, verdict.high), y, look))
    marks = [
        Mark(per_cent(axis, margin), 5.0, NAMES[arrow], "margin", f"margin of {verdict.claim_id}: {margin:g}")
        for margin, arrow in edges
    ]
    if verdict.effect is not None:
        runs = runs_in_words((*verdict.runs_a, *verdict.runs_b))
        tip = f"{verdict.claim_id}, {outcome(verdict)}: {effect(verdict)}, n = {verdict.n}{runs}"
        shape = NAMES[style.OUTCOME_MARKERS[verdict.outcome]]
        marks.append(Mark(per_cent(axis, verdict.effect), y, shape, look, tip))
    label, shown = f"{verdict.claim_id}, {verdict.data_id}", ""
    if verdict.effect is not None:
        shown = with_interval(verdict.effect, verdict.low, verdict.high, verdict.metric)
    n = f"n = {verdict.n}"
    href = anchor_of(study, verdict)
    return Row(label, effect_of(verdict), shown, n, 2 * y, tuple(strokes), tuple(marks), href)
