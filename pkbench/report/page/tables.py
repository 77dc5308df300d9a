"""The tables of a spec at a profile: models, learning rates, families, what was measured, comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import published
from pkbench.claims.verdict import Verdict
from pkbench.report.comparisons import compared
from pkbench.report.families import about_families, role_of
from pkbench.report.families_axes import size_label
from pkbench.report.measured import mean_sd as measured_mean_sd
from pkbench.report.measured import series
from pkbench.report.page.cells import Cell, Table, decimals, figure, name, table, words
from pkbench.report.sections import quoted, reported
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, counted, estimated, mean_sd, rate, size, with_interval
from pkbench.spec.metric import METRICS

_MODEL_HEADS = (
    "model", "data", "#L", "#S", "#C", "#width γm", "#connections", "#test error, %", "#95 % interval", "#n", "#lr",
    "#train, %", "#validation, %", "#paper, %",
)  # fmt: skip


def tables(study: Study) -> tuple[Table, ...]:
    """Every table of ``study`` but those of its provenance."""
    found = (_models(study), *_families(study), _comparisons(study), _learning_rates(study), _measured(study))
    return tuple(table for table in found if table is not None)


def _models(study: Study) -> Table | None:
    """Sizes and errors of every model, and the published rows that nobody ran here."""
    rows = [_model(study, summary) for summary in study.evaluation.models]
    for entry in quoted(study):
        blank = [Cell(NOTHING)] * 5
        cells = (name(entry.row), name(entry.data), *blank, words("quoted, not run"), *blank)
        rows.append((*cells, _paper(study, entry.row, entry.data)))
    return table("Models", _MODEL_HEADS, rows)


def _model(study: Study, summary: ModelSummary) -> tuple[Cell, ...]:
    interval = None
    if summary.low is not None and summary.high is not None:
        interval = f"{decimals(summary.low)} to {decimals(summary.high)}"
    return (
        name(summary.model_id),
        name(summary.data_id),
        figure(summary.depth),
        figure(summary.S),
        figure(summary.C),
        figure(summary.width),
        figure(summary.connections),
        figure(summary.mean, mean_sd(summary.mean, summary.sd)),
        figure(summary.low, interval),
        figure(summary.n, f"{summary.n} of {summary.n_planned}"),
        figure(summary.lr, rate(summary.lr)),
        figure(summary.train_mean, mean_sd(summary.train_mean, None)),
        figure(summary.validation_mean, mean_sd(summary.validation_mean, None)),
        _paper(study, summary.model_id, summary.data_id),
    )


def _paper(study: Study, row: str, data_id: str) -> Cell:
    found = published(study.scaled.spec, row, data_id)
    return figure(None if found is None else found.mean, reported(study, row, data_id))


def _learning_rates(study: Study) -> Table | None:
    """What each learning rate did, where several were tried."""
    rows = []
    for summary in study.evaluation.models:
        if summary.selection.criterion is None:
            continue
        for candidate in summary.selection.candidates:
            state = "chosen" if candidate.lr == summary.lr else ""
            if candidate.diverged:
                state = f"out: diverged for {counted(len(candidate.diverged), 'seed')}"
            mean = figure(candidate.mean, mean_sd(candidate.mean, None))
            rate_cell = figure(candidate.lr, rate(candidate.lr))
            cells = (name(summary.model_id), name(summary.data_id), rate_cell, mean)
            rows.append((*cells, figure(candidate.finished), words(state)))
    criterion = study.scaled.train.select_lr_by.replace("-", " ")
    return table("Learning rates tried", ("model", "data", "#lr", f"#{criterion}, %", "#n", "state"), rows)


def _families(study: Study) -> list[Table | None]:
    """A table for each family that claims are about, or for each two that are compared."""
    groups: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in about_families(study):
        key = (verdict.data_id, verdict.metric, verdict.x, verdict.a, verdict.b, verdict.alpha, verdict.members)
        groups.setdefault(key, []).append(verdict)
    return [_family(found) for found in groups.values()]


def _family(verdicts: list[Verdict]) -> Table | None:
    first = verdicts[0]
    metric, level = METRICS[first.metric], f"{100 * (1 - first.alpha):g} %"
    names = first.a if first.b is None else f"{first.a} and {first.b}"
    title = f"Family {names} along {size_label(first.x or '')}, {first.data_id}"
    unit = f" in {metric.unit}" if metric.unit else ""
    note = f"{metric.meaning}{unit}, n = {counted(first.n, 'seed')}; intervals at {level}, not corrected"
    heads = [f"#{first.x or 'x'}", "a", "#mean of a [interval]"]
    if first.b is not None:
        unit = f", {metric.difference}" if metric.difference else ""
        heads += ["b", "#mean of b [interval]", f"#difference [interval]{unit}"]
    rows = []
    for place, member in enumerate(first.members):
        x = figure(member.x, None if member.x is None else size(member.x))
        cells = [x, name(member.a), figure(member.of_a.mean, estimated(member.of_a, first.metric))]
        if first.b is not None:
            effect = None
            if member.effect is not None:
                effect = with_interval(member.effect, member.low, member.high, first.metric)
            of_b = Cell(NOTHING)
            if member.of_b is not None:
                of_b = figure(member.of_b.mean, estimated(member.of_b, first.metric))
            cells += [words(member.b or ""), of_b, figure(member.effect, effect)]
        rows.append((*cells, words(_roles(verdicts, place))))
    return table(title, (*heads, "role"), rows, note=note)


def _roles(verdicts: Iterable[Verdict], place: int) -> str:
    """What the member at ``place`` is to each of ``verdicts``."""
    roles = ((role_of(verdict, place), verdict.claim_id) for verdict in verdicts)
    return ", ".join(f"{role} {claim_id}" for role, claim_id in roles if role)


def _measured(study: Study) -> Table | None:
    """The first and the last of each measurement along the training."""
    rows = []
    for found in series(study):
        first, last = min(found.values), max(found.values)
        end = found.values[last] if last != first else None
        start = found.values[first]
        cells = (name(found.model_id), name(found.data_id), words(found.name), figure(found.parts))
        shown = figure(None if end is None else fmean(end), None if end is None else measured_mean_sd(end))
        counts = (figure(last), figure(len(found.values[last])))
        rows.append((*cells, figure(fmean(start), measured_mean_sd(start)), shown, *counts))
    heads = ("model", "data", "quantity", "#parts", "#at initialisation", "#at the end", "#epoch", "#n")
    note = "mean over the parts of a model, then mean ± standard deviation over seeds"
    return table("Measured while training", heads, rows, note=note)


def _comparisons(study: Study) -> Table | None:
    """Mean similarity of each two trained models."""
    rows = []
    for found in compared(study):
        seeds = ", other seeds" if found.compare.a == found.compare.b else ", same seeds"
        ends = None
        if found.low is not None and found.high is not None:
            ends = f"{decimals(found.low, 3)} to {decimals(found.high, 3)}"
        rows.append(
            (
                name(found.compare.id),
                words(f"{found.compare.a} with {found.compare.b}{seeds}"),
                name(found.data_id),
                figure(found.diagonal, None if found.diagonal is None else f"{found.diagonal:.3f}"),
                figure(found.low, ends),
                figure(len(found.records), f"{len(found.records)} of {found.planned}"),
                words(found.compare.statement),
            )
        )
    heads = ("comparison", "models", "data", "#mean CKA, same depth", "#95 % interval", "#pairs", "about")
    note = (
        "mini-batch CKA of the features just before each skip (Nguyen et al. 2021, eq. 2-3); a unit is a pair of models"
    )
    return table("Comparisons", heads, rows, note=note)
