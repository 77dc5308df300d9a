"""The parts of a page about one study, as lines of Markdown. Text from specs and records is escaped, ids are code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pkbench.claims.groups import ModelSummary
from pkbench.claims.metrics import difference
from pkbench.claims.published import Published, published
from pkbench.claims.verdict import Verdict
from pkbench.report.marks import Marks, marked, marks, signs_of
from pkbench.report.provenance import commits
from pkbench.report.study import Study
from pkbench.report.words import (
    NOTHING,
    code,
    counted,
    effect,
    effect_of,
    markdown,
    mean_sd,
    outcome,
    paper_numbers,
    paper_points,
    rate,
    shell,
    whole,
)
from pkbench.report.words import published as number
from pkbench.spec.claim import Reported
from pkbench.spec.data import TorchvisionData

FIGURE_TEXTS: dict[str, str] = {
    "errors": "Final test error of every seed (dots; lines join a seed), mean with 95 % interval, published numbers hollow",
    "effects": "Effects the claims are about with two-sided intervals, one panel a unit; a claim holds where the arrows on its dashed lines point",
    "families": "Families of models: means with intervals along a size, the paper's own points hollow",
    "cka": "Mean CKA of every mixing block of one model (down) with every one of the other (across)",
    "curves": "Test error over the epochs: mean of the seeds, and their range where few models are shown",
}


_MANY_ROWS = 24
"""Rows up to which a table is shown as it is."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; cells must be escaped already."""
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def scope(study: Study) -> list[str]:
    """What the profile speaks about, and how much of it has been run."""
    evaluation = study.evaluation
    state = f"{evaluation.finished} of {counted(evaluation.planned, 'run')} finished"
    if evaluation.failed:
        state += f", {evaluation.failed} failed"
    lines = [f"> **Scope of {evaluation.profile}.** {markdown(evaluation.scope)}", "", f"{state}.", ""]
    if not evaluation.finished:
        lines = [*lines, f"No runs yet: `{run_command(study)}`", ""]
    return lines


def run_command(study: Study) -> str:
    """The command that computes what is missing."""
    seeds = "" if study.asked_seeds is None else f" --seeds {study.asked_seeds}"
    return f"pkbench run {shell(study.spec_path)} --profile {study.evaluation.profile}{seeds}"


def commands(studies: Sequence[Study]) -> list[str]:
    """The commands that compute all of a spec's ``studies`` again, from the commit where all runs come from one."""
    path = shell(studies[0].spec_path)
    used = {commit for study in studies for commit in commits(study)}
    downloads = {data.id for study in studies for data in study.scaled.data if isinstance(data, TorchvisionData)}
    lines = [f"git checkout {commit}" for commit in used] if len(used) == 1 else []
    lines += [f"pkbench data get {path} {data_id}" for data_id in sorted(downloads)]
    return [*lines, *(run_command(study) for study in studies), f"pkbench report {path}"]


def folded(rows: Sequence[object], lines: list[str], what: str) -> list[str]:
    """``lines``, folded away behind ``what`` where they have more rows than are read at once."""
    if len(rows) <= _MANY_ROWS:
        return lines
    return [f"<details><summary>{what} ({len(rows)} rows)</summary>", "", *lines, "</details>", ""]


def verdict_table(verdicts: Iterable[Verdict], signs: Marks) -> list[str]:
    """A row for each verdict, its scope beside it; ``signs`` are those of its study."""
    header = ("claim", "data", "verdict", "effect [interval]; points, unless named", "n", "the paper", "speaks about")
    return table(
        header,
        (
            (
                f"`{verdict.claim_id}`",
                f"`{verdict.data_id}`",
                marked(outcome(verdict), signs.of((*verdict.runs_a, *verdict.runs_b))),
                _effect(verdict),
                f"{verdict.n} of {verdict.n_planned}" if verdict.n_planned else NOTHING,
                _paper(verdict),
                f"{verdict.profile}: {markdown(verdict.scope)}",
            )
            for verdict in verdicts
        ),
    )


def legend(signs: Marks) -> list[str]:
    """What the signs beside numbers say, where there are any."""
    lines = signs.legend()
    return [*(f"- {markdown(line)}" for line in lines), ""] if lines else []


def _paper(verdict: Verdict) -> str:
    """The paper's numbers; its points need more room than a cell has."""
    numbers = paper_numbers(verdict)
    return "its points: below" if numbers == NOTHING and verdict.paper_says else numbers


def _effect(verdict: Verdict) -> str:
    what = effect_of(verdict, code)
    return what if verdict.effect is None else f"{effect(verdict)}<br>{what}"


def verdict_texts(verdicts: Iterable[Verdict]) -> list[str]:
    """Each verdict in words, with everything a reader should know of it."""
    lines = []
    for verdict in verdicts:
        lines += [
            f"- **{outcome(verdict)}** · `{verdict.claim_id}` on `{verdict.data_id}`: {markdown(verdict.statement)} "
            f"({markdown(verdict.place)}).",
            f"  {markdown(verdict.sentence)} {_details(verdict)}".rstrip(),
            *([f"  - the paper's points: {markdown(paper_points(verdict))}"] if verdict.paper_says else []),
            *(f"  - {markdown(note)}" for note in verdict.notes),
        ]
    return [*lines, ""] if lines else ["The spec makes no claims.", ""]


def _details(verdict: Verdict) -> str:
    """Effect size, cross-check and sizes, where there are such."""
    parts = []
    if verdict.effect_size is not None:
        parts.append(f"standardised difference (Hedges) {_signed(verdict.effect_size)}")
    if verdict.unpaired_p_support is not None and verdict.p_support is not None:
        paired, unpaired, side = verdict.p_support, verdict.unpaired_p_support, "for the claim"
        # Of an equivalence the two p values do not add up to 1.
        if paired > 0.5 and verdict.kind != "equivalent":
            paired, unpaired, side = 1 - paired, 1 - unpaired, "against it"
        parts.append(f"uncorrected one-sided p {side} {paired:.3g}, without the pairs {unpaired:.3g}")
    if verdict.bootstrap_low is not None and verdict.bootstrap_high is not None:
        low, high = (difference(end, verdict.metric) for end in (verdict.bootstrap_low, verdict.bootstrap_high))
        parts.append(f"bootstrap interval (BCa) {low} to {high}")
    of_a, of_b, gap = verdict.connections_a, verdict.connections_b, verdict.connections_gap
    # A comparison is of two models: what one of them has says nothing of it.
    if of_a is not None and of_b is not None and gap is not None and verdict.metric != "cka":
        parts.append(f"connections {of_a:,} and {of_b:,}, {100 * gap:.2f} % apart")
    return f"({'; '.join(parts)}.)" if parts else ""


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def figures(drawn: Mapping[str, str]) -> list[str]:
    """Each figure, by the path of its PNG from the page, with its SVG behind it."""
    lines = []
    for name, path in drawn.items():
        lines += [
            f"[![{FIGURE_TEXTS[name]}]({path})]({path.removesuffix('.png')}.svg)",
            "",
            f"*{FIGURE_TEXTS[name]}.*",
            "",
        ]
    return lines


def model_table(study: Study) -> list[str]:
    """Sizes and errors of every model, and the published rows that nobody ran here."""
    signs = marks(study)
    rows = [_model_row(study, summary, signs_of(signs, summary)) for summary in study.evaluation.models]
    rows += [_quoted_row(study, entry.row, entry.data) for entry in quoted(study)]
    header = ("model", "data", "L", "S", "C", "width γm", "connections", "test error, %", "95 % interval", "n", "lr")
    return folded(rows, table((*header, "train, %", "validation, %", "paper, %"), rows), "Every model by itself")


def quoted(study: Study) -> tuple[Reported, ...]:
    """Published numbers on this profile's data sets of rows that nobody runs here."""
    models = {model.id for model in study.scaled.models}
    used = {data.id for data in study.scaled.data}
    return tuple(entry for entry in study.scaled.spec.reported if entry.row not in models and entry.data in used)


def quoted_rows(study: Study, data_id: str) -> list[tuple[str, Published]]:
    """Published rows of ``data_id`` that nobody runs here, by name."""
    rows = [entry.row for entry in quoted(study) if entry.data == data_id]
    return [(row, found) for row in rows if (found := published(study.scaled.spec, row, data_id)) is not None]


def _quoted_row(study: Study, row: str, data_id: str) -> tuple[str, ...]:
    sizes, results = [NOTHING] * 5, [NOTHING] * 5
    return (f"`{row}`", f"`{data_id}`", *sizes, "quoted, not run", *results, reported(study, row, data_id))


def _model_row(study: Study, summary: ModelSummary, signs: str) -> tuple[str, ...]:
    interval = NOTHING if summary.low is None else f"{summary.low:.2f} to {summary.high:.2f}"
    return (
        f"`{summary.model_id}`",
        f"`{summary.data_id}`",
        whole(summary.depth),
        whole(summary.S),
        whole(summary.C),
        f"{summary.width:,}",
        f"{summary.connections:,}",
        marked(mean_sd(summary.mean, summary.sd), signs),
        interval,
        f"{summary.n} of {summary.n_planned}",
        rate(summary.lr),
        mean_sd(summary.train_mean, None),
        mean_sd(summary.validation_mean, None),
        reported(study, summary.model_id, summary.data_id),
    )


def reported(study: Study, row: str, data_id: str) -> str:
    """The published number of ``row``, marked where this profile measures something else."""
    found = published(study.scaled.spec, row, data_id)
    if found is None or study.evaluation.profile == "paper":
        return number(found)
    return f"{number(found)}, at the paper's scale"


def learning_rates(study: Study) -> list[str]:
    """What each learning rate did, where several were tried."""
    rows = []
    for summary in study.evaluation.models:
        if summary.selection.criterion is None:
            continue
        for candidate in summary.selection.candidates:
            state = "chosen" if candidate.lr == summary.lr else ""
            if candidate.diverged:
                state = f"out: diverged for {counted(len(candidate.diverged), 'seed')}"
            cells = (f"`{summary.model_id}`", f"`{summary.data_id}`", rate(candidate.lr))
            rows.append((*cells, mean_sd(candidate.mean, None), str(candidate.finished), state))
    if not rows:
        return []
    criterion = study.scaled.train.select_lr_by.replace("-", " ")
    lines = table(("model", "data", "lr", f"{criterion}, %", "n", ""), rows)
    return ["#### Learning rates tried", "", *folded(rows, lines, "Every learning rate of every model")]
