"""What further seeds could settle of a claim, and what those at hand could have shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pkbench.claims.power import NamedBy, SeedsIf, SeedsNeeded, detectable, seeds_if, seeds_needed
from pkbench.claims.spread import Spread, distinct, moderated
from pkbench.claims.verdict import Evidence
from pkbench.spec.claim import (
    AnyPair,
    EquivalentClaim,
    LessClaim,
    NonInferiorClaim,
    PlaceClaim,
    TrendClaim,
    ValueClaim,
)
from pkbench.spec.extension import ExtensionClaim

Named = tuple[NamedBy, float, list[float]]
"""An effect that was named beforehand: by what, the effect, and its distances from every boundary."""


@dataclass(frozen=True, slots=True)
class Further:
    """``None`` stands for what cannot be said of a claim.

    Attributes:
        needed: seeds that would decide if the truth were what was observed.
        needed_if: seeds that would decide if the effect were the one named before the runs.
        detectable: distance from the boundary that the seeds at hand show with 80 % chance, in the metric's unit.
    """

    needed: SeedsNeeded | None = None
    needed_if: SeedsIf | None = None
    detectable: float | None = None


def plan_further(evidence: Evidence, families: tuple[int, int], known: Sequence[Spread]) -> Further:
    """Everything at the strictest step of Holm's procedure in the larger of ``families``.

    ``known`` are the spreads of all comparisons of the spec. Not against published numbers, whose own scatter no seed of
    ours makes better known.
    """
    test, claim, distance = evidence.test, evidence.claim, evidence.distance
    if test is None or not test.possible or distance is None or isinstance(claim, ValueClaim | ExtensionClaim):
        return Further()
    strictest = alpha = claim.alpha / max(families)
    other = None
    if len(claim.boundaries) == 2 and distance < 0:
        # Both boundaries have to be shown to lie beyond the effect.
        other = claim.boundaries[1] + abs(test.effect)
    elif len(claim.boundaries) == 2:
        # Either could be passed by chance: the test against the claim is doubled.
        alpha /= 2
    if distance >= 0 or isinstance(claim, PlaceClaim):
        # The smallest of several p values counts, times their number.
        alpha /= evidence.chances
    each = max(sample.seeds_each for sample in (*evidence.a, *evidence.b))
    return Further(
        needed=seeds_needed(distance, test.sd, test.n, alpha=alpha, other=other).times(each),
        needed_if=_if_named(evidence, strictest, each, known),
        detectable=detectable(test.sd, test.n, alpha=alpha),
    )


def _if_named(evidence: Evidence, alpha: float, each: int, known: Sequence[Spread]) -> SeedsIf | None:
    """Seeds for the effect named beforehand, at every member where there are several, each with its own deviation."""
    named = _named(evidence)
    own = evidence.spreads
    if named is None or not own:
        return None
    source, effect, distances = named
    comparable = distinct(known, own[0].kind)
    standardised = [distance / sd for sd in moderated(own, comparable) for distance in distances]
    needed = seeds_if(standardised, min(spread.n for spread in own), alpha=alpha)
    return SeedsIf(effect, source, needed.times(each), len(comparable))


def _named(evidence: Evidence) -> Named | None:
    """What a reader expects of the claim before any run.

    Of parity it is that there is no difference, and of a comparison that the paper has numbers of it is their difference.
    """
    match evidence.claim:
        case NonInferiorClaim() | EquivalentClaim() as claim:
            return "no difference", 0.0, [abs(boundary) for boundary in claim.boundaries]
        case TrendClaim(direction="flat") as claim if claim.margin > 0:
            return "no slope", 0.0, [abs(boundary) for boundary in claim.boundaries]
        case LessClaim() as claim if not evidence.members:
            return _as_published(evidence, claim)
        case _:
            return None


def _as_published(evidence: Evidence, claim: AnyPair) -> Named | None:
    a, b = evidence.published_a, evidence.published_b
    if a is None or b is None or claim.metric != "test_error":
        return None
    effect = a.mean - b.mean
    distance = abs(claim.distance(effect))
    return ("paper", effect, [distance]) if distance > 0 else None
