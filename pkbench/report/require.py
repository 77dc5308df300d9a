"""Requirements on verdicts, for continuous integration: ``SPEC:CLAIM[:DATA][@PROFILE]=OUTCOME``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, get_args

from pkbench.claims.verdict import Outcome, Verdict
from pkbench.errors import UsageError
from pkbench.report.checks import CheckStudy
from pkbench.report.checks import number as check_number
from pkbench.report.study import Study
from pkbench.report.words import effect, plain
from pkbench.spec.words import no_such

_FORM: Final = "SPEC:CLAIM[:DATA][@PROFILE]=OUTCOME"
_EXAMPLE: Final = "table1:wider-is-better@quick=supported"
_PARTS = re.compile(
    r"(?P<spec>[^:]+):(?P<claim>[^:@=]+)(?::(?P<data>[^:@=]+))?(?:@(?P<profile>[^:@=]+))?=(?P<outcome>[^:@=]+)"
)
_OUTCOMES: Final[dict[str, Outcome]] = {outcome.replace(" ", "-"): outcome for outcome in get_args(Outcome)}
_AUDIT_WORDS: Final[dict[str, Outcome]] = {"consistent": "supported", "inconsistent": "contradicted"}
"""What reports on audit specs call these outcomes."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one verdict has to be; without ``data`` every verdict of the claim."""

    text: str
    """As it was written."""
    spec: str
    """A spec's file or id."""
    claim: str
    data: str | None
    profile: str | None
    outcome: Outcome
    word: str
    """The outcome as it was written."""


@dataclass(frozen=True, slots=True)
class Found:
    """One verdict as it is, with its numbers in words."""

    data: str | None
    outcome: Outcome
    word: str
    """The outcome as the report calls it."""
    details: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement beside what was found; at least one verdict."""

    requirement: Requirement
    name: str
    """``SPEC:CLAIM[:DATA][@PROFILE]`` with the profile that was looked at."""
    found: tuple[Found, ...]

    @property
    def holds(self) -> bool:
        """Whether every verdict is what is required."""
        return all(found.outcome == self.requirement.outcome for found in self.found)

    @property
    def line(self) -> str:
        """What was found, in one line."""
        parts = [f"{found.word}{f' on {found.data}' if found.data else ''} ({found.details})" for found in self.found]
        wanted = "" if self.holds else f"; required: {self.requirement.word}"
        return plain(f"{'holds' if self.holds else 'FAILS'}  {self.name}: {'; '.join(parts)}{wanted}")


def parse(text: str) -> Requirement:
    """The requirement that ``text`` states.

    Raises:
        UsageError: it is not of the form, or asks for an outcome that there is not.
    """
    parts = _PARTS.fullmatch(text.strip())
    if parts is None:
        raise UsageError(f"{text!r} is no requirement", constraint=f"one is {_FORM}", remedy=f"like {_EXAMPLE}")
    asked = parts["outcome"].strip().lower().replace(" ", "-")
    words = _OUTCOMES | _AUDIT_WORDS
    if asked not in words:
        raise _unknown("outcome", asked, words)
    named = {name: part and part.strip() for name, part in parts.groupdict().items() if name != "outcome"}
    return Requirement(text, **named, outcome=words[asked], word=asked)


def judge_study(requirement: Requirement, study: Study) -> Finding:
    """``requirement`` on what is trained.

    Raises:
        UsageError: the spec has no such claim, or the claim no such data set.
    """
    verdicts = study.evaluation.verdicts
    here = study.evaluation.spec_id
    mine = [verdict for verdict in verdicts if verdict.claim_id == requirement.claim]
    if not mine:
        raise _unknown("claim", requirement.claim, [verdict.claim_id for verdict in verdicts], f" in {here}")
    if requirement.data is not None:
        asked = [verdict for verdict in mine if verdict.data_id == requirement.data]
        if not asked:
            where = f" for {requirement.claim} at {study.evaluation.profile}"
            raise _unknown("data set", requirement.data, [verdict.data_id for verdict in mine], where)
        mine = asked
    found = tuple(Found(verdict.data_id, verdict.outcome, verdict.outcome, _details(verdict)) for verdict in mine)
    data = "" if requirement.data is None else f":{requirement.data}"
    return Finding(requirement, f"{here}:{requirement.claim}{data}@{study.evaluation.profile}", found)


def judge_checks(requirement: Requirement, study: CheckStudy) -> Finding:
    """``requirement`` on what is computed.

    Raises:
        UsageError: the spec has no such claim, or a data set or profile is named, which there is not.
    """
    extra = f":{requirement.data}" if requirement.data else f"@{requirement.profile}" if requirement.profile else ""
    if extra:
        what = f"{study.spec_id} is a {study.kind} spec, which has neither data sets nor profiles"
        raise UsageError(what, remedy=f"leave {extra} out")
    for verdict in study.verdicts:
        if verdict.claim_id == requirement.claim:
            details = verdict.sentence
            if verdict.residual is not None:
                details = f"residual {check_number(verdict.residual)}, tolerance {check_number(verdict.tolerance)}"
            name = f"{study.spec_id}:{verdict.claim_id}"
            return Finding(
                requirement, name, (Found(None, verdict.outcome, study.word(verdict).partition(" ")[2], details),)
            )
    raise _unknown("claim", requirement.claim, [verdict.claim_id for verdict in study.verdicts], f" in {study.spec_id}")


def _details(verdict: Verdict) -> str:
    """The numbers of ``verdict``, or why there are none."""
    if verdict.effect is None:
        return verdict.sentence
    return f"{effect(verdict)}, n = {verdict.n} of {verdict.n_planned}"


def _unknown(noun: str, name: str, names: Iterable[str], where: str = "") -> UsageError:
    what, constraint, remedy = no_such(noun, name, names)
    return UsageError(f"{what}{where}", constraint=constraint, remedy=remedy)
