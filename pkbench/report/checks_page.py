"""The page of a theory or audit spec: a verdict for each claim, its numbers, and where they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pkbench.claims.checks import CheckVerdict
from pkbench.report.checks import SCOPE, CheckStudy, number, summary
from pkbench.report.marks import check_marks, marked
from pkbench.report.sections import legend, table
from pkbench.report.words import NOTHING, code, counted, markdown, shell


def page(study: CheckStudy) -> str:
    """The page of one spec, as Markdown."""
    signs = check_marks(study)
    lines = [
        f"# {markdown(study.title)}",
        "",
        f"{markdown(study.paper)}. Spec {code(study.spec_path)} (SHA-256 `{study.spec_sha256[:16]}`). "
        "[All specs](index.md)",
        "",
        f"> **Scope.** {SCOPE[study.kind]}",
        "",
        f"{counted(len(study.verdicts), 'claim')}: {summary(study)}. A claim holds where its residual is within its tolerance.",
        "",
        "## Verdicts",
        "",
        *table(
            ("claim", "verdict", "residual", "tolerance", "the paper says", "where"),
            (
                (
                    f"[`{verdict.claim_id}`](#{verdict.claim_id.replace('.', '')})",
                    marked(study.word(verdict), signs.of((verdict.run_id,))),
                    number(verdict.residual),
                    number(verdict.tolerance),
                    markdown(verdict.statement),
                    markdown(verdict.place),
                )
                for verdict in study.verdicts
            ),
        ),
        *legend(signs),
        "## What was found",
        "",
    ]
    for verdict in study.verdicts:
        lines += _found(study, verdict)
    lines += _provenance(study)
    return "\n".join(lines).rstrip("\n") + "\n"


def _found(study: CheckStudy, verdict: CheckVerdict) -> list[str]:
    values = [f"{markdown(name)} {value:.6g}".replace("e+", "e") for name, value in verdict.values]
    return [
        f"### {verdict.claim_id}",
        "",
        f"**{study.word(verdict)}** · {markdown(verdict.statement)} ({markdown(verdict.place)}).",
        "",
        markdown(verdict.sentence) + (f" ({'; '.join(values)}.)" if values else ""),
        "",
    ]


def _provenance(study: CheckStudy) -> list[str]:
    """Code and machine of the records, and the commands that compute them again."""
    rows = Counter(
        (
            NOTHING if record.code.commit is None else f"`{record.code.commit[:12]}`",
            {True: "yes", False: "no", None: NOTHING}[record.code.dirty],
            f"{record.code.version}, torch {record.environment.torch}, Python {record.environment.python}",
            markdown(record.environment.processor),
        )
        for record in study.records.values()
    )
    header = ("commit", "uncommitted changes", "versions", "processor", "checks")
    seconds = sum(record.seconds for record in study.records.values())
    lines = ["## Where the numbers come from", ""]
    if rows:
        lines += table(header, ((*row, str(n)) for row, n in sorted(rows.items())))
        lines += [
            f"Computed in {seconds:.1f} s. Each check's record is `results/{study.spec_id}/checks/<id>.json`.",
            "",
        ]
    lines += [f"- {markdown(text)}" for text in (*study.warnings, *study.problems)]
    return [
        *lines,
        "",
        "```sh",
        f"pkbench run {shell(study.spec_path)}",
        f"pkbench report {shell(study.spec_path)}",
        "```",
    ]


def index_rows(study: CheckStudy) -> list[tuple[str, ...]]:
    """Rows of the overview: one for each claim."""
    signs = check_marks(study)
    link = f"[`{study.spec_id}`]({study.spec_id}.md)"
    return [
        (
            link,
            study.kind,
            f"`{verdict.claim_id}`: {markdown(verdict.statement)}",
            marked(study.word(verdict), signs.of((verdict.run_id,))),
            number(verdict.residual),
            number(verdict.tolerance),
        )
        for verdict in study.verdicts
    ]


def all_rows(studies: Iterable[CheckStudy]) -> list[tuple[str, ...]]:
    """Rows of the overview for all ``studies``."""
    return [row for study in studies for row in index_rows(study)]
