"""Verdicts as the page shows them: one card each, with all that a reviewer asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pkbench.claims.checks import CheckVerdict
from pkbench.claims.metrics import difference
from pkbench.claims.power import SeedsNeeded
from pkbench.claims.published import PaperTest, paper_tests, published
from pkbench.claims.verdict import Outcome, Verdict
from pkbench.report.checks import CheckStudy
from pkbench.report.checks import number as check_number
from pkbench.report.page.names import anchor_of, check_anchor, look_of, runs_of, spec_anchor, study_anchor
from pkbench.report.study import Study
from pkbench.report.words import (
    NOTHING,
    counted,
    effect,
    effect_of,
    effect_unit,
    outcome,
    paper_numbers,
    paper_points,
)
from pkbench.report.words import published as number
from pkbench.spec.document import Spec
from pkbench.spec.metric import METRICS


@dataclass(frozen=True, slots=True)
class Badge:
    """An outcome: the class of its colour and sign, and its word."""

    look: str
    word: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with its name; ``large`` ones are what is looked for first, ``wide`` ones need a line of their own."""

    name: str
    value: str
    large: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One verdict. ``profile`` and ``data`` are empty where nothing is trained."""

    anchor: str
    spec_id: str
    profile: str
    data_id: str
    claim_id: str
    badge: Badge
    statement: str
    place: str
    sentence: str
    effect: str
    """The effect with its interval, or a residual against its tolerance."""
    n: str
    paper: str
    facts: tuple[Fact, ...]
    more: tuple[Fact, ...]
    """Numbers that only some readers want."""
    notes: tuple[str, ...]
    runs: tuple[str, ...]
    """Ids of the runs or the record behind it."""
    group: str
    """What the anchors of these runs begin with."""


def badge(kind: Outcome, spelled: str) -> Badge:
    """The badge of an outcome that is ``spelled`` with a sign before its word."""
    return Badge(look_of(kind), spelled.partition(" ")[2])


def claims(study: Study) -> tuple[Claim, ...]:
    """Every verdict of ``study``, in its order."""
    tests = paper_tests(study.scaled.spec)
    return tuple(
        _claim(study, verdict, [test for test in tests if test.claim_id == verdict.claim_id])
        for verdict in study.evaluation.verdicts
    )


def _claim(study: Study, verdict: Verdict, tests: Sequence[PaperTest]) -> Claim:
    numbers = paper_numbers(verdict)
    return Claim(
        anchor=anchor_of(study, verdict),
        spec_id=study.evaluation.spec_id,
        profile=verdict.profile,
        data_id=verdict.data_id,
        claim_id=verdict.claim_id,
        badge=badge(verdict.outcome, outcome(verdict)),
        statement=verdict.statement,
        place=verdict.place,
        sentence=verdict.sentence,
        effect=effect(verdict),
        n=f"{verdict.n} of {verdict.n_planned}" if verdict.n_planned else NOTHING,
        paper=numbers if numbers != NOTHING or not verdict.paper_says else "the points of its figure",
        facts=(*_found(verdict), *_of_the_paper(study.scaled.spec, verdict, tests)),
        more=tuple(_more(verdict)),
        notes=verdict.notes,
        runs=tuple(dict.fromkeys((*verdict.runs_a, *verdict.runs_b))),
        group=runs_of(study_anchor(study)),
    )


def _found(verdict: Verdict) -> list[Fact]:
    """What is found here."""
    facts = []
    if verdict.effect is not None:
        unit = f"effect, {effect_unit(verdict)}"
        facts.append(Fact(unit, difference(verdict.effect, verdict.metric), large=True))
        if verdict.low is not None and verdict.high is not None:
            low, high = (difference(end, verdict.metric) for end in (verdict.low, verdict.high))
            level = f"{100 * (1 - verdict.alpha):g} % interval, not corrected"
            facts.append(Fact(level, f"{low} to {high}", large=True))
    if verdict.n_planned:
        facts.append(Fact("n, seeds", f"{verdict.n} of {verdict.n_planned}", large=True))
    if verdict.seeds_needed is not None:
        facts.append(Fact("seeds that would decide", seeds_needed(verdict.seeds_needed), wide=True))
    if (named := verdict.seeds_if) is not None:
        of = "the paper's difference" if named.source == "paper" else named.source
        facts.append(Fact(f"the same for {of}", seeds_needed(named.needed), wide=True))
    facts.append(Fact("effect of", effect_of(verdict), wide=True))
    return facts


def _of_the_paper(spec: Spec, verdict: Verdict, tests: Sequence[PaperTest]) -> list[Fact]:
    """What the paper reports, on this data or on its own, and what its means, deviations and seeds allow to say."""
    facts = []
    for data_id in dict.fromkeys((verdict.data_id, *(entry.data for entry in spec.reported))):
        sides = [(row, found) for row in (verdict.a, verdict.b) if (found := published(spec, row, data_id)) is not None]
        if sides:
            shown = ", ".join(f"{row} {number(found)}" for row, found in sides)
            facts.append(Fact(f"the paper on {data_id}, %", shown, wide=True))
            facts += [_allowed(test) for test in tests if test.data_id == data_id]
    if verdict.paper_says:
        facts.append(Fact("the paper's points", paper_points(verdict), wide=True))
    if not facts:
        facts.append(Fact("the paper", "no number or point of a figure for this", wide=True))
    elif not tests:
        facts.append(
            Fact(
                "what its own n allows",
                "no test of this claim: it takes means, deviations and numbers of seeds of both sides",
                wide=True,
            )
        )
    return facts


def _allowed(test: PaperTest) -> Fact:
    sides = "two-sided p" if test.kind == "less" else "p for the claim"
    sizes = dict.fromkeys(counted(side.n, "seed") for side in (test.a, test.b) if side.n is not None)
    return Fact("what its own n allows", f"{sides} = {test.p:.3f} from its {' and '.join(sizes)} alone", wide=True)


def _more(verdict: Verdict) -> list[Fact]:
    """What was tested, and the cross-checks."""
    facts = []
    if verdict.effect is not None and verdict.margin is not None:
        facts.append(Fact("margin", f"{difference(verdict.margin, verdict.metric)} {effect_unit(verdict)}"))
    for name, value in (
        ("p for, corrected", verdict.adjusted_support),
        ("p against, corrected", verdict.adjusted_contradict),
        ("p for, one-sided, not corrected", verdict.p_support),
        ("the same without the pairs", verdict.unpaired_p_support),
    ):
        if value is not None:
            facts.append(Fact(name, f"{value:.3g}"))
    if verdict.detectable is not None:
        digits = METRICS[verdict.metric].digits
        shown = f"{verdict.detectable:.{digits}f} {effect_unit(verdict)}"
        facts.append(Fact("distance from the margin seen with 80 % chance", shown))
    return [*facts, *_cross_checks(verdict)]


def seeds_needed(found: SeedsNeeded) -> str:
    """How many seeds would decide a claim with 80 % chance, with the range that is plausible."""
    words = ["more than 1000" if n is None else str(n) for n in (found.seeds, found.fewest, found.most)]
    return f"{words[0]} with 80 % chance ({words[1]} to {words[2]})"


def _cross_checks(verdict: Verdict) -> list[Fact]:
    facts = []
    if verdict.effect_size is not None:
        facts.append(Fact("standardised (Hedges)", f"{verdict.effect_size:+.2f}".replace("-", "−")))
    if verdict.bootstrap_low is not None and verdict.bootstrap_high is not None:
        low, high = (difference(end, verdict.metric) for end in (verdict.bootstrap_low, verdict.bootstrap_high))
        facts.append(Fact("bootstrap (BCa)", f"{low} to {high}"))
    if verdict.connections_a is not None and verdict.connections_b is not None and verdict.metric != "cka":
        sizes = f"{verdict.connections_a:,} and {verdict.connections_b:,}"
        gap = "" if verdict.connections_gap is None else f", {100 * verdict.connections_gap:.2f} % apart"
        facts.append(Fact("connections", sizes + gap))
    return facts


def check_claims(study: CheckStudy) -> tuple[Claim, ...]:
    """Every verdict on a computed claim, in the spec's order."""
    return tuple(_check_claim(study, verdict) for verdict in study.verdicts)


def _check_claim(study: CheckStudy, verdict: CheckVerdict) -> Claim:
    facts = (
        Fact("residual", check_number(verdict.residual), large=True),
        Fact("tolerance", check_number(verdict.tolerance), large=True),
        *(Fact(name, f"{value:.6g}".replace("e+", "e")) for name, value in verdict.values),
    )
    return Claim(
        anchor=check_anchor(study, verdict.claim_id),
        spec_id=study.spec_id,
        profile="",
        data_id="",
        claim_id=verdict.claim_id,
        badge=badge(verdict.outcome, study.word(verdict)),
        statement=verdict.statement,
        place=verdict.place,
        sentence=verdict.sentence,
        effect=f"{check_number(verdict.residual)} (tolerance {check_number(verdict.tolerance)})",
        n="",
        paper="",
        facts=facts,
        more=(),
        notes=(),
        runs=(verdict.run_id,) if verdict.run_id in study.records else (),
        group=runs_of(spec_anchor(study.spec_id)),
    )
