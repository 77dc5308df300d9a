"""Findings about families in plain words: which member decides, how a curve runs, where its extremum may be."""

from __future__ import annotations

from pkbench.claims.metrics import amount, difference, with_unit
from pkbench.claims.statistics import TTest
from pkbench.claims.verdict import Evidence, Member, Spot
from pkbench.spec.claim import AnyCurve, AnyPair, CrossingClaim, PairClaim, PlaceClaim, TrendClaim


def curve_findings(evidence: Evidence, test: TTest) -> list[str]:
    """What was found about the families of ``evidence``."""
    n = f"n = {len(evidence.seeds)} seed{'' if len(evidence.seeds) == 1 else 's'}"
    found = []
    match evidence.claim, evidence.spot, evidence.compared:
        case TrendClaim() as claim, _, _:
            found.append(_trend(claim, evidence, test, n))
        case PlaceClaim() as claim, Spot() as spot, (best, other):
            named = (_member_named(evidence, best, claim), _member_named(evidence, other, claim))
            found.append(_extremum(claim, spot, *named, test, n))
        case CrossingClaim() as claim, Spot() as spot, _:
            found.append(_crossing(claim, evidence, spot, n))
        case PairClaim() as claim, _, _:
            found.append(_members(claim, evidence, test, n))
    return found


def claimed(claim: AnyPair | TrendClaim) -> str:
    """Where the claim has the effect."""
    ends = [difference(boundary, claim.metric) for boundary in claim.boundaries]
    if len(ends) == 2:
        return f"between {ends[0]} and {ends[1]}"
    return f"{'above' if isinstance(claim, TrendClaim) and claim.direction == 'rises' else 'below'} {ends[0]}"


def interval_of(test: TTest, claim: AnyPair | AnyCurve) -> str:
    """``95 % interval −0.48 to +4.48, `` or nothing."""
    if test.bounds is None:
        return ""
    low, high = (difference(bound, claim.metric) for bound in test.bounds)
    return f"{100 * (1 - claim.alpha):g} % interval {low} to {high}, "


def _at(member: Member, x: str | None) -> str:
    return member.a if member.x is None else f"{x} = {member.x:g}"


def _members(claim: AnyPair, evidence: Evidence, test: TTest, n: str) -> str:
    """A claim that has to hold at every member, by the one that is hardest to show."""
    hardest = evidence.members[evidence.deciding or 0]
    holding = sum(member.effect is not None and claim.distance(member.effect) < 0 for member in evidence.members)
    return (
        f"{claim.a} against {claim.b} at {len(evidence.members)} places: the mean difference is as claimed at {holding}. "
        f"Furthest from shown at {_at(hardest, claim.x)}: {with_unit(test.effect, claim.metric)} "
        f"({interval_of(test, claim)}{n}, claimed: {claimed(claim)})."
    )


def _trend(claim: TrendClaim, evidence: Evidence, test: TTest, n: str) -> str:
    members = evidence.members
    first, last = members[0], members[-1]
    ends = ", ".join(
        f"{amount(member.of_a.mean, claim.metric)} at {_at(member, claim.x)}"
        for member in (first, last)
        if member.of_a.mean is not None
    )
    return (
        f"{claim.a}: {ends}; a straight line has a slope of {with_unit(test.effect, claim.metric)} for each doubling of "
        f"{claim.x} over {len(members)} members ({interval_of(test, claim)}{n}, claimed: {claimed(claim)})."
    )


def _extremum(claim: PlaceClaim, spot: Spot, best: str, other: str, test: TTest, n: str) -> str:
    return (
        f"{claim.a} is {spot.what} at {claim.x} = {spot.x:g}{_may_be(spot, claim.alpha)}. "
        f"Best within a factor of {claim.within:g} of {claim.x} = {claim.target:g} is {best}, best elsewhere {other}: "
        f"difference {with_unit(test.effect, claim.metric)} ({interval_of(test, claim)}{n}; both were chosen by these "
        "seeds, which the p values account for and the interval does not)."
    )


def _member_named(evidence: Evidence, name: str, claim: PlaceClaim) -> str:
    """A member's name; that of a comparison is only a number and says nothing of its place."""
    (x,) = (member.x for member in evidence.members if member.a == name)
    return f"{name} ({claim.x} = {x:g})" if claim.metric == "cka" else name


def _may_be(spot: Spot, alpha: float) -> str:
    if spot.low == spot.high:
        return f", the only member left at {100 * (1 - alpha):g} %"
    return f"; at {100 * (1 - alpha):g} % it may be anywhere from {spot.low:g} to {spot.high:g}"


def _crossing(claim: CrossingClaim, evidence: Evidence, spot: Spot, n: str) -> str:
    ends = ", ".join(
        f"{with_unit(member.effect, claim.metric)} at {_at(member, claim.x)}"
        for member in (evidence.members[0], evidence.members[-1])
        if member.effect is not None
    )
    where = "the means do not cross"
    if spot.x is not None:
        where = f"the means cross at {claim.x} = {spot.x:.3g}"
        low = "the smallest tried" if spot.low is None else f"{spot.low:g}"
        high = "the largest tried or beyond" if spot.high is None else f"{spot.high:g}"
        where += f", at {100 * (1 - claim.alpha):g} % between {low} and {high}"
    return (
        f"{claim.a} − {claim.b}: {ends} ({n}; claimed: above {difference(claim.margin_first, claim.metric)} first, "
        f"below {difference(claim.margin_last, claim.metric)} last); {where}."
    )
