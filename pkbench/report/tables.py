"""Tables for the terminal. Cells are plain text: nothing of a spec is read as markup or as control characters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rich.table import Table
from rich.text import Text

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import published
from pkbench.claims.verdict import Outcome, Verdict
from pkbench.report.families import members_of
from pkbench.report.marks import marked, marks, signs_of
from pkbench.report.sections import quoted, reported
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, big, effect, effect_of, mean_sd, outcome, paper, plain, rate, whole
from pkbench.report.words import published as number

T = TypeVar("T", int, float)

_MANY = 24
"""Models up to which each has a row of its own."""
_STYLES: dict[Outcome, str] = {
    "supported": "green",
    "contradicted": "red",
    "inconclusive": "yellow",
    "not assessed": "dim",
}


def verdict_table(study: Study) -> Table:
    """A row for each verdict; the scope they all share stands above them."""
    table = _table(study, "verdicts", ("claim", "data", "verdict", "effect; points, unless named", "n", "the paper"))
    signs = marks(study)
    for verdict in study.evaluation.verdicts:
        shown = marked(outcome(verdict), signs.of((*verdict.runs_a, *verdict.runs_b)))
        table.add_row(
            Text(verdict.claim_id),
            Text(verdict.data_id),
            Text(shown, style=_STYLES[verdict.outcome]),
            Text(_effect(verdict)),
            Text(f"{verdict.n} of {verdict.n_planned}" if verdict.n_planned else NOTHING),
            Text(plain(paper(verdict))),
        )
    return table


def model_table(study: Study) -> Table:
    """A row for each model and data set, and for each published row that nobody runs here.

    Where there are many models a family has one row: from its smallest to its largest numbers.
    """
    header = ("model", "data", "S", "C", "width γm", "connect.", "test error, %", "n", "lr", "paper, %")
    models = study.evaluation.models
    short = len(models) > _MANY
    table = _table(study, "models, a family in one row" if short else "models", header)
    found = marks(study)
    for family in _together(study, models) if short else [[summary] for summary in models]:
        signs = "".join(dict.fromkeys(sign for summary in family for sign in signs_of(found, summary)))
        cells = _model_cells(study, family[0], signs) if len(family) == 1 else _family_cells(study, family, signs)
        table.add_row(*map(Text, cells))
    for entry in quoted(study):
        sizes, results = [NOTHING] * 4, [NOTHING] * 2
        cells = (entry.row, entry.data, *sizes, "quoted, not run", *results, reported(study, entry.row, entry.data))
        table.add_row(*map(Text, cells), style="dim")
    return table


def _together(study: Study, models: Iterable[ModelSummary]) -> list[list[ModelSummary]]:
    """``models`` with the members of a family on a data set in one list."""
    families = members_of(study)
    found: dict[tuple[str, str], list[ModelSummary]] = {}
    for summary in models:
        found.setdefault((families.get(summary.model_id, summary.model_id), summary.data_id), []).append(summary)
    return list(found.values())


def _family_cells(study: Study, family: Sequence[ModelSummary], signs: str) -> tuple[str, ...]:
    """A family in one row; its seeds are those of the member that has fewest."""
    first, fewest = family[0], min(family, key=lambda summary: summary.n)
    return (
        f"{members_of(study)[first.model_id]} ({len(family)} members)",
        first.data_id,
        _span([summary.S for summary in family], whole),
        _span([summary.C for summary in family], whole),
        _span([summary.width for summary in family], big),
        _span([summary.connections for summary in family], big),
        marked(_span([summary.mean for summary in family], lambda value: mean_sd(value, None)), signs),
        f"{fewest.n} of {fewest.n_planned}",
        _span([summary.lr for summary in family], rate),
        NOTHING,
    )


def _span(values: Iterable[T | None], shown: Callable[[T], str]) -> str:
    """The smallest and the largest of ``values``, ``shown`` as they are alone."""
    known = sorted(value for value in values if value is not None)
    ends = [shown(known[0]), shown(known[-1])] if known else [NOTHING]
    return " to ".join(dict.fromkeys(ends))


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


def _model_cells(study: Study, summary: ModelSummary, signs: str) -> tuple[str, ...]:
    return (
        summary.model_id,
        summary.data_id,
        whole(summary.S),
        whole(summary.C),
        big(summary.width),
        big(summary.connections),
        marked(mean_sd(summary.mean, summary.sd), signs),
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


def _effect(verdict: Verdict) -> str:
    what = effect_of(verdict)
    return what if verdict.effect is None else f"{effect(verdict)}\n{what}"
