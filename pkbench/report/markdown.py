"""Whole pages: one a spec, and the overview. No dates: the same store gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pkbench.claims.published import paper_tests
from pkbench.claims.verdict import Verdict
from pkbench.report import comparisons, evidence, families_page, measured, sections
from pkbench.report.checks import CheckStudy
from pkbench.report.checks_page import all_rows
from pkbench.report.marks import Marks, marked, marks
from pkbench.report.provenance import commits, used_records
from pkbench.report.stated import against_ours, stated_sizes
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, SYMBOLS, code, effect, markdown, mean_sd, outcome, paper
from pkbench.report.words import published as number


def spec_page(studies: Sequence[Study], drawn: Mapping[str, Mapping[str, str]]) -> str:
    """The page of one spec at all of its ``studies``' profiles.

    Args:
        studies: the same spec at one or more profiles.
        drawn: for each study's name, the paths of its figures from the page, by kind.
    """
    first = studies[0]
    experiment = first.scaled.spec.experiment
    lines = [
        f"# {markdown(experiment.title)}",
        "",
        f"{markdown(experiment.paper)}. Spec {code(first.spec_path)} (SHA-256 `{first.spec_sha256[:16]}`). [All specs](index.md)",
        "",
    ]
    for study in studies:
        lines += _profile(study, drawn.get(study.name, {}))
    lines += [*_paper_against_ours(studies), *_paper_alone(first), *_sizes(first)]
    lines += [*_assumptions(first), *_warnings(first), *_reproduce(studies)]
    return _text(lines)


def _profile(study: Study, drawn: Mapping[str, str]) -> list[str]:
    verdicts, signs = study.evaluation.verdicts, marks(study)
    return [
        f"## Profile {study.evaluation.profile}",
        "",
        *sections.scope(study),
        "### Verdicts",
        "",
        *(sections.verdict_table(verdicts, signs) if verdicts else []),
        *sections.legend(signs),
        *sections.verdict_texts(verdicts),
        *sections.figures(drawn),
        *families_page.section(study),
        "### Models",
        "",
        *sections.model_table(study),
        *sections.learning_rates(study),
        *measured.section(study),
        *comparisons.section(study),
        *evidence.how_far(study),
        *evidence.provenance(study),
    ]


def _paper_against_ours(studies: Sequence[Study]) -> list[str]:
    """Every published number beside ours; only the paper profile is held against it."""
    rows = []
    for found in against_ours(studies):
        ours = [f"{profile}: {mean_sd(ours.mean, ours.sd)} (n = {ours.n})" for profile, ours in found.ours]
        quoted = found.reported.quoted_from
        source = markdown(found.reported.place) + (f", quoted from {markdown(quoted)}" if quoted else "")
        shown = number(found.reported)
        rows.append((f"`{found.row}`", f"`{found.data_id}`", shown, source, "<br>".join(ours) or "not run"))
    if not rows:
        return []
    return [
        "## The paper's numbers and ours",
        "",
        "Test error in per cent, mean ± standard deviation over seeds. Only the paper profile measures the same thing; "
        "other profiles stand here to be seen, not to be held against the paper.",
        "",
        *sections.table(("row", "data", "reported", "where", "ours"), rows),
    ]


def _paper_alone(study: Study) -> list[str]:
    """Tests of the claims with the published means, deviations and seeds only."""
    tests = paper_tests(study.scaled.spec)
    if not tests:
        return []
    rows = (
        (f"`{found.claim_id}`", f"`{found.data_id}`", number(found.a), number(found.b), f"{found.p:.3f}")
        for found in tests
    )
    return [
        "## What the paper's own numbers allow",
        "",
        "p values, two-sided for a claim that one is lower and for the claim otherwise, from the published means, deviations and seeds alone: Welch's test where both sides have a "
        "deviation, otherwise a one-sample test that takes the other number for exact. Nothing of ours is in them.",
        "",
        *sections.table(("claim", "data", "a", "b", "p"), rows),
    ]


def _sizes(study: Study) -> list[str]:
    """Totals the paper states beside those recomputed from its own settings."""
    rows = [
        (
            f"`{found.model_id}`",
            found.what,
            f"{found.stated:.3g}",
            f"{found.recomputed:,}",
            found.gap,
            markdown(found.place),
        )
        for found in stated_sizes(study.scaled.spec)
    ]
    if not rows:
        return []
    header = ("model", "total", "stated", "recomputed", "recomputed against stated", "where")
    return ["## Sizes stated and recomputed", "", *sections.table(header, rows)]


def _assumptions(study: Study) -> list[str]:
    assumed = study.scaled.spec.assumption
    if not assumed:
        return []
    rows = ((code(path), markdown(why)) for path, why in assumed.items())
    head = ["## Assumptions", "", "Where the paper is silent or contradicts itself.", ""]
    return [*head, *sections.table(("value", "why"), rows)]


def _warnings(study: Study) -> list[str]:
    if not study.warnings:
        return []
    return ["## Questionable in the spec", "", *(f"- {markdown(warning)}" for warning in study.warnings), ""]


def _reproduce(studies: Sequence[Study]) -> list[str]:
    """Commands that compute all of this again."""
    used = sorted({commit for study in studies for commit in commits(study)})
    lines = sections.commands(studies)
    text = ["## How to reproduce", "", "```sh", *lines, "```", ""]
    if any(record.code.dirty for study in studies for record in used_records(study)):
        text += ["Some runs were computed with uncommitted changes: the commit alone does not give their code.", ""]
    if len(used) > 1:
        text += [f"The runs come from several commits: {', '.join(f'`{commit}`' for commit in used)}.", ""]
    return text


def index_page(studies: Sequence[Study], checks: Sequence[CheckStudy] = ()) -> str:
    """The overview: a claim's verdicts at every profile one below the other, then what is computed, not trained."""
    by_spec: dict[str, list[Study]] = {}
    for study in studies:
        by_spec.setdefault(study.evaluation.spec_id, []).append(study)
    rows = [row for found in by_spec.values() for row in _index_rows(found)]
    header = ("spec", "claim", "profile", "data", "verdict", "effect [interval]; points, unless named", "n")
    lines = ["# Verdicts", "", *sections.table((*header, "the paper", "speaks about"), rows)]
    legend = " · ".join(f"{sign} {word}" for word, sign in SYMBOLS.items())
    lines += [
        f"{legend}. An effect is the difference of two means at the end of training, the first model's minus the second's; of "
        "two families at the place where the claim is hardest to show, of a trend the slope for each doubling, of an extremum "
        "the best value near the claimed place minus the best elsewhere. Errors differ by percentage points. "
        "Intervals are two-sided and not corrected, verdicts are (Holm's procedure over a spec's claims at a "
        "profile). A seed counts once; fewer than three decide nothing. A verdict speaks about its own profile and no "
        "other. § rests on uncommitted code, † on other code and ‡ on other hardware than most of its spec: its page says which.",
        "",
        *_checks(checks),
        "Everything here as data: [report.json](report.json).",
        "",
    ]
    return _text(lines)


def _index_rows(studies: Sequence[Study]) -> list[tuple[str, ...]]:
    """Rows of one spec: claim by claim in its order, each at every profile."""
    experiment = studies[0].scaled.spec.experiment
    link = f"[`{experiment.id}`]({experiment.id}.md)"
    claims = dict.fromkeys(verdict.claim_id for study in studies for verdict in study.evaluation.verdicts)
    signs = {study.name: marks(study) for study in studies}
    rows = [
        _index_row(link, verdict, signs[study.name])
        for claim_id in claims
        for study in studies
        for verdict in study.evaluation.verdicts
        if verdict.claim_id == claim_id
    ]
    for study in studies:
        if not study.evaluation.verdicts:
            cells = (link, "no claims", study.evaluation.profile, *[NOTHING] * 5)
            rows.append((*cells, markdown(study.evaluation.scope)))
    return rows


def _index_row(link: str, verdict: Verdict, signs: Marks) -> tuple[str, ...]:
    return (
        link,
        f"`{verdict.claim_id}`: {markdown(verdict.statement)}",
        verdict.profile,
        f"`{verdict.data_id}`",
        marked(outcome(verdict), signs.of((*verdict.runs_a, *verdict.runs_b))),
        effect(verdict),
        f"{verdict.n} of {verdict.n_planned}" if verdict.n_planned else NOTHING,
        markdown(paper(verdict)),
        markdown(verdict.scope),
    )


def _checks(checks: Sequence[CheckStudy]) -> list[str]:
    """The overview's table of claims that are computed, not trained."""
    if not checks:
        return []
    header = ("spec", "kind", "claim", "verdict", "residual", "tolerance")
    return [
        "## Computed, not trained",
        "",
        *sections.table(header, all_rows(checks)),
        "A claim holds where its residual is within its tolerance.",
        "",
    ]


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"
