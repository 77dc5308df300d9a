"""Tables for the terminal. Cells are plain text: nothing of a spec is read as markup or as control characters."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import published
from pkbench.claims.verdict import Outcome, Verdict
from pkbench.report.sections import quoted, reported
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, big, effect, mean_sd, outcome, paper_numbers, plain, rate
from pkbench.report.words import published as number

_STYLES: dict[Outcome, str] = {
    "supported": "green",
    "contradicted": "red",
    "inconclusive": "yellow",
    "not assessed": "dim",
}


def verdict_table(study: Study) -> Table:
    """A row for each verdict; the scope they all share stands above them."""
    table = _table(study, "verdicts", ("claim", "data", "verdict", "difference, points", "n", "the paper"))
    for verdict in study.evaluation.verdicts:
        table.add_row(
            Text(verdict.claim_id),
            Text(verdict.data_id),
            Text(outcome(verdict), style=_STYLES[verdict.outcome]),
            Text(_difference(verdict)),
            Text(f"{verdict.n} of {verdict.n_planned}" if verdict.n_planned else NOTHING),
            Text(paper_numbers(verdict)),
        )
    return table


def model_table(study: Study) -> Table:
    """A row for each model and data set, and for each published row that nobody runs here."""
    header = ("model", "data", "S", "C", "width γm", "connect.", "test error, %", "n", "lr", "paper, %")
    table = _table(study, "models", header)
    for summary in study.evaluation.models:
        table.add_row(*map(Text, _model_cells(study, summary)))
    for entry in quoted(study):
        sizes, results = [NOTHING] * 4, [NOTHING] * 2
        cells = (entry.row, entry.data, *sizes, "quoted, not run", *results, reported(study, entry.row, entry.data))
        table.add_row(*map(Text, cells), style="dim")
    return table


def published_table(study: Study) -> Table | None:
    """The published numbers on data sets this profile does not use, ``None`` where there are none.

    They are what the claims are about, and nothing at this profile measures them: so they stand apart.
    """
    used = {data.id for data in study.scaled.data}
    rows = [row for row in study.scaled.spec.reported if row.data not in used]
    if not rows:
        return None
    title = Text(f"what is published, test error in % (nothing at {study.evaluation.profile} measures these)")
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("row", "data", "published", "where"):
        table.add_column(name, overflow="fold")
    for row in rows:
        where = row.place if row.quoted_from is None else f"{row.place}, quoted from {row.quoted_from}, not run"
        value = number(published(study.scaled.spec, row.row, row.data))
        table.add_row(*map(Text, (row.row, row.data, value, plain(where))))
    return table


def _model_cells(study: Study, summary: ModelSummary) -> tuple[str, ...]:
    return (
        summary.model_id,
        summary.data_id,
        str(summary.S),
        str(summary.C),
        big(summary.width),
        big(summary.connections),
        mean_sd(summary.mean, summary.sd),
        f"{summary.n} of {summary.n_planned}",
        rate(summary.lr),
        reported(study, summary.model_id, summary.data_id),
    )


def _table(study: Study, what: str, header: tuple[str, ...]) -> Table:
    evaluation = study.evaluation
    title = Text(f"{evaluation.spec_id} at {evaluation.profile}, {what}. {plain(evaluation.scope)}")
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    return table


def _difference(verdict: Verdict) -> str:
    pair = f"{verdict.a} − {verdict.b or 'reported'}"
    return pair if verdict.effect is None else f"{effect(verdict)}\n{pair}"
