"""Verdicts of every kind of spec in one form, for Python code: what was found, how sure it is, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from pkbench.claims.checks import CheckVerdict
from pkbench.claims.verdict import Verdict
from pkbench.errors import UsageError
from pkbench.report.checks import SCOPE, CheckStudy
from pkbench.report.study import Study
from pkbench.report.words import effect_unit
from pkbench.spec.words import no_such
from pkbench.table import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One verdict. Of a theory or audit spec it has a residual in place of an effect, and one check in place of runs."""

    spec: str
    profile: str | None
    """Scale; ``None`` where nothing is trained."""
    claim: str
    kind: str
    data: str | None
    """Id of the data set; ``None`` where nothing is trained."""
    outcome: str
    """``supported``, ``contradicted``, ``inconclusive`` or ``not assessed``."""
    sentence: str
    """What was found, in words."""
    effect: float | None
    """Mean of a minus mean of b, or minus the published number; slope of a trend."""
    low: float | None
    """``low … high``: the two-sided interval of the effect, not corrected."""
    high: float | None
    unit: str
    """Of the effect and its interval."""
    n: int | None
    """Seeds that count."""
    n_planned: int | None
    residual: float | None
    """What is compared with the tolerance, of a computed claim."""
    tolerance: float | None
    statement: str
    """The claim in words."""
    scope: str
    """What a verdict at this profile speaks about."""
    notes: tuple[str, ...]
    runs: tuple[str, ...]
    """Ids of the runs, or of the check, that it rests on."""
    verdict: Verdict | CheckVerdict
    """Everything else there is: tests, p values, power, the members of families, published numbers."""


_COLUMNS: Final = tuple(field.name for field in fields(Finding) if field.name not in ("notes", "runs", "verdict"))


@dataclass(frozen=True, slots=True)
class Findings:
    """The verdicts of one spec at one profile, in the spec's order."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """What a reader must know of the runs as a whole, damaged records included."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def of(self, claim: str, data: str | None = None) -> Finding:
        """The verdict on ``claim``, on ``data`` where there are several data sets.

        Raises:
            UsageError: there is none, or there are several.
        """
        found = [one for one in self.findings if one.claim == claim and data in (None, one.data)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(str(one.data) for one in found)
            raise UsageError(f"{claim} has {len(found)} verdicts", remedy=f"name one of its data sets: {listed}")
        known = [one.claim for one in self.findings if data in (None, one.data)]
        what, constraint, remedy = no_such("claim", claim, list(dict.fromkeys(known)))
        raise UsageError(what, constraint=constraint, remedy=remedy)

    def table(self) -> Table:
        """A row for each verdict."""
        rows: list[Row] = [{name: getattr(one, name) for name in _COLUMNS} for one in self.findings]
        return Table(_COLUMNS, rows)


def findings_of(study: Study) -> Findings:
    """The verdicts of a spec that trains."""
    found = study.evaluation
    return Findings(
        tuple(_trained(found.spec_id, verdict) for verdict in found.verdicts), (*found.notes, *study.problems)
    )


def findings_of_checks(study: CheckStudy) -> Findings:
    """The verdicts of a spec whose claims are computed."""
    return Findings(tuple(_computed(study, verdict) for verdict in study.verdicts), study.problems)


def _trained(spec_id: str, verdict: Verdict) -> Finding:
    return Finding(
        spec=spec_id,
        profile=verdict.profile,
        claim=verdict.claim_id,
        kind=verdict.kind,
        data=verdict.data_id,
        outcome=verdict.outcome,
        sentence=verdict.sentence,
        effect=verdict.effect,
        low=verdict.low,
        high=verdict.high,
        unit=effect_unit(verdict),
        n=verdict.n,
        n_planned=verdict.n_planned,
        residual=None,
        tolerance=None,
        statement=verdict.statement,
        scope=verdict.scope,
        notes=verdict.notes,
        runs=tuple(dict.fromkeys((*verdict.runs_a, *verdict.runs_b))),
        verdict=verdict,
    )


def _computed(study: CheckStudy, verdict: CheckVerdict) -> Finding:
    return Finding(
        spec=study.spec_id,
        profile=None,
        claim=verdict.claim_id,
        kind=verdict.kind,
        data=None,
        outcome=verdict.outcome,
        sentence=verdict.sentence,
        effect=None,
        low=None,
        high=None,
        unit="",
        n=None,
        n_planned=None,
        residual=verdict.residual,
        tolerance=verdict.tolerance,
        statement=verdict.statement,
        scope=SCOPE[study.kind],
        notes=(),
        runs=(verdict.run_id,),
        verdict=verdict,
    )
