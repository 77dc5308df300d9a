"""What the page shows, from the overview down to each spec at each profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pkbench.claims.published import paper_tests
from pkbench.report.checks import SCOPE, CheckStudy
from pkbench.report.page.cells import Exact, Table, figure, name, table, words
from pkbench.report.page.claims import Claim, check_claims, claims
from pkbench.report.page.drawing import Drawn
from pkbench.report.page.family_figure import families
from pkbench.report.page.heat_maps import cka
from pkbench.report.page.learning_figure import learning
from pkbench.report.page.names import runs_of, spec_anchor, study_anchor
from pkbench.report.page.provenance_tables import check_records, provenance
from pkbench.report.page.row_figures import effects, errors
from pkbench.report.page.tables import tables
from pkbench.report.page.trust_marks import TrustMark, trust_marks
from pkbench.report.provenance import commits, used_records
from pkbench.report.sections import commands, run_command
from pkbench.report.stated import against_ours, stated_sizes
from pkbench.report.study import Study
from pkbench.report.trust import trust
from pkbench.report.words import mean_sd, shell
from pkbench.report.words import published as number


@dataclass(frozen=True, slots=True)
class Part:
    """A spec at one profile, or all of one whose claims are computed; ``profile`` is then empty."""

    anchor: str
    runs: str
    """What the anchors of its runs begin with."""
    profile: str
    scope: str
    claims: tuple[Claim, ...]
    figures: tuple[Drawn, ...]
    tables: tuple[Table, ...]
    marks: tuple[TrustMark, ...]
    trust: tuple[str, ...]
    provenance: tuple[Table, ...]
    missing: str = ""
    """The command that computes it, where nothing has been run."""


@dataclass(frozen=True, slots=True)
class SpecPage:
    """Everything about one spec."""

    anchor: str
    spec_id: str
    title: str
    paper: str
    path: str
    sha256: str
    parts: tuple[Part, ...]
    tables: tuple[Table, ...]
    """What the paper states beside what is found, at all profiles."""
    assumptions: Table | None
    warnings: tuple[str, ...]
    commands: tuple[str, ...]
    remarks: tuple[str, ...]
    """What the commands do not give."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All verdicts, profile by profile."""
        return tuple(claim for part in self.parts for claim in part.claims)


@dataclass(frozen=True, slots=True)
class Contents:
    """The whole page."""

    specs: tuple[SpecPage, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All verdicts of all specs."""
        return tuple(claim for spec in self.specs for claim in spec.claims)

    @property
    def counts(self) -> dict[str, int]:
        """How many verdicts there are of each look, the decided ones first."""
        found = Counter(claim.badge.look for claim in self.claims)
        return {look: found[look] for look in ("supported", "contradicted", "inconclusive", "not-assessed")}

    @property
    def profiles(self) -> tuple[str, ...]:
        """Profiles that anything is reported at."""
        return tuple(dict.fromkeys(claim.profile for claim in self.claims if claim.profile))

    @property
    def records(self) -> int:
        """How many records the page has in its tables."""
        ids = {
            row[0].text
            for spec in self.specs
            for part in spec.parts
            for found in part.provenance[:1]
            for row in found.rows
        }
        return len(ids)


def contents(studies: Sequence[Study], checks: Sequence[CheckStudy]) -> Contents:
    """The page of ``studies``, those of a spec together, and then of ``checks``."""
    by_spec: dict[str, list[Study]] = {}
    for study in studies:
        by_spec.setdefault(study.evaluation.spec_id, []).append(study)
    return Contents((*(_spec(found) for found in by_spec.values()), *(_check_spec(check) for check in checks)))


def _spec(studies: Sequence[Study]) -> SpecPage:
    first = studies[0]
    experiment = first.scaled.spec.experiment
    assumed = first.scaled.spec.assumption.items()
    found = (_against(studies), _paper_alone(first), _sizes(first))
    return SpecPage(
        anchor=spec_anchor(experiment.id),
        spec_id=experiment.id,
        title=experiment.title,
        paper=experiment.paper,
        path=first.spec_path,
        sha256=first.spec_sha256,
        parts=tuple(_part(study) for study in studies),
        tables=tuple(table for table in found if table is not None),
        assumptions=table("Assumptions", ("value", "why"), ((name(path), words(why)) for path, why in assumed)),
        warnings=first.warnings,
        commands=tuple(map(Exact, commands(studies))),
        remarks=_remarks(studies),
    )


def _part(study: Study) -> Part:
    drawn = (errors(study), effects(study), families(study), learning(study), cka(study))
    return Part(
        anchor=study_anchor(study),
        runs=runs_of(study_anchor(study)),
        profile=study.evaluation.profile,
        scope=study.evaluation.scope,
        claims=claims(study),
        figures=tuple(figure for figure in drawn if figure is not None),
        tables=tables(study),
        marks=trust_marks(study),
        trust=tuple(trust(study)),
        provenance=provenance(study),
        missing="" if study.evaluation.finished else Exact(run_command(study)),
    )


def _against(studies: Sequence[Study]) -> Table | None:
    """Every published number beside ours; only the paper profile measures the same thing."""
    rows = []
    for found in against_ours(studies):
        ours = "; ".join(f"{profile}: {mean_sd(ours.mean, ours.sd)} (n = {ours.n})" for profile, ours in found.ours)
        quoted = found.reported.quoted_from
        source = found.reported.place + (f", quoted from {quoted}" if quoted else "")
        reported = figure(found.reported.mean, number(found.reported))
        rows.append((name(found.row), name(found.data_id), reported, words(source), words(ours or "not run")))
    note = (
        "test error in per cent, mean ± standard deviation over seeds; only the paper profile measures the same thing, "
        "others stand here to be seen, not to be held against the paper"
    )
    return table("The paper's numbers and ours", ("row", "data", "#reported", "where", "ours"), rows, note=note)


def _paper_alone(study: Study) -> Table | None:
    """Tests of the claims with the published means, deviations and seeds only."""
    rows = [
        (name(found.claim_id), name(found.data_id), figure(found.a.mean, number(found.a)),
         figure(found.b.mean, number(found.b)), figure(found.p, f"{found.p:.3f}"))
        for found in paper_tests(study.scaled.spec)
    ]  # fmt: skip
    note = (
        "p values, two-sided for a claim that one is lower and for the claim otherwise, from the published means, deviations "
        "and seeds alone: Welch's test where both sides have a deviation, otherwise a one-sample test that takes the other "
        "number for exact"
    )
    return table("What the paper's own numbers allow", ("claim", "data", "#a", "#b", "#p"), rows, note=note)


def _sizes(study: Study) -> Table | None:
    """Totals the paper states beside those recomputed from its own settings."""
    rows = [
        (name(found.model_id), words(found.what), figure(found.stated, f"{found.stated:.3g}"),
         figure(found.recomputed), figure(found.recomputed / found.stated, found.gap), words(found.place))
        for found in stated_sizes(study.scaled.spec)
    ]  # fmt: skip
    heads = ("model", "total", "#stated", "#recomputed", "#recomputed against stated", "where")
    return table("Sizes stated and recomputed", heads, rows)


def _remarks(studies: Sequence[Study]) -> tuple[str, ...]:
    """What the commands that compute a spec again do not give."""
    found = []
    if any(record.code.dirty for study in studies for record in used_records(study)):
        found.append("Some runs were computed with uncommitted changes: the commit alone does not give their code.")
    used = sorted({commit for study in studies for commit in commits(study)})
    if len(used) > 1:
        found.append(f"The runs come from several commits: {', '.join(used)}.")
    return tuple(found)


def _check_spec(study: CheckStudy) -> SpecPage:
    """The page of a spec whose claims are computed, not trained."""
    records, path = check_records(study), shell(study.spec_path)
    part = Part(
        anchor=f"{spec_anchor(study.spec_id)}:computed",
        runs=runs_of(spec_anchor(study.spec_id)),
        profile="",
        scope=SCOPE[study.kind],
        claims=check_claims(study),
        figures=(),
        tables=(),
        marks=(),
        trust=("A claim holds where its residual is within its tolerance.", *study.problems),
        provenance=() if records is None else (records,),
        missing="" if study.records else Exact(f"pkbench run {path}"),
    )
    return SpecPage(
        anchor=spec_anchor(study.spec_id),
        spec_id=study.spec_id,
        title=study.title,
        paper=study.paper,
        path=study.spec_path,
        sha256=study.spec_sha256,
        parts=(part,),
        tables=(),
        assumptions=None,
        warnings=study.warnings,
        commands=(Exact(f"pkbench run {path}"), Exact(f"pkbench report {path}")),
        remarks=(),
    )
