"""From evidence to verdicts: Holm's correction over the spec's claims at one profile, then the rule.

The families are fixed by the spec and the profile, not by what has finished: a claim that cannot be decided yet
counts with p = 1. So a verdict does not get easier because other claims have not been run.
"""

from __future__ import annotations

from collections.abc import Sequence

from pkbench.claims.planning import plan_further
from pkbench.claims.samples import Sample
from pkbench.claims.sentences import sentence
from pkbench.claims.spread import Spread
from pkbench.claims.statistics import effect_size, holm, mean
from pkbench.claims.verdict import Evidence, Outcome, Verdict
from pkbench.spec.claim import ValueClaim
from pkbench.spec.extension import ExtensionClaim
from pkbench.spec.scale import Scaled


def decide(evidence: Evidence, support: float | None, contradict: float | None) -> Outcome:
    """The outcome, from Holm's p values for and against the claim (``None``: no such test)."""
    alpha = evidence.claim.alpha
    if evidence.skipped:
        return "not assessed"
    if evidence.obstacles:
        return "inconclusive"
    if support is not None and support <= alpha:
        return "supported"
    if contradict is not None and contradict <= alpha:
        return "contradicted"
    if evidence.claim.kind == "value" and evidence.p_contradict is not None and evidence.p_contradict > alpha:
        # The reported mean lies inside the prediction interval.
        return "supported"
    return "inconclusive"


def conclude(scaled: Scaled, found: Sequence[Evidence]) -> tuple[Verdict, ...]:
    """A verdict for each of ``found``, which are all claims and data sets of the spec at this profile."""
    supports = _adjusted(
        {i: e.p_support for i, e in enumerate(found) if not e.skipped and e.claim.kind != "value"}, found
    )
    contradicts = _adjusted({i: e.p_contradict for i, e in enumerate(found) if not e.skipped}, found)
    known = [spread for evidence in found for spread in evidence.spreads]
    return tuple(
        _verdict(
            scaled,
            evidence,
            known,
            adjusted=(supports.get(i), contradicts.get(i)),
            families=(len(supports) if evidence.claim.kind != "value" else 0, len(contradicts)),
        )
        for i, evidence in enumerate(found)
    )


def _adjusted(raw: dict[int, float | None], found: Sequence[Evidence]) -> dict[int, float]:
    """Holm's p values of one family by position in ``found``."""
    counted = [1.0 if p is None or found[i].obstacles else p for i, p in raw.items()]
    return dict(zip(raw, holm(counted), strict=True))


def _verdict(
    scaled: Scaled,
    evidence: Evidence,
    known: Sequence[Spread],
    *,
    adjusted: tuple[float | None, float | None],
    families: tuple[int, int],
) -> Verdict:
    claim, test = evidence.claim, evidence.test
    # Of a family no single model's numbers are the verdict's.
    a, b = (side[0] if len(side) == 1 and not evidence.members else None for side in (evidence.a, evidence.b))
    outcome = decide(evidence, *adjusted)
    support, contradict = (None, None) if evidence.obstacles else adjusted
    further = plan_further(evidence, families, known)
    return Verdict(
        claim_id=claim.id,
        kind=claim.kind,
        statement=claim.statement,
        place=claim.place,
        data_id=evidence.data_id,
        profile=scaled.profile_name,
        scope=scaled.profile.scope,
        a=claim.a,
        metric=claim.metric,
        b=getattr(claim, "b", None),
        margin=getattr(claim, "margin", None),
        boundaries=() if isinstance(claim, ValueClaim | ExtensionClaim) else claim.boundaries,
        x=getattr(claim, "x", None),
        members=evidence.members,
        deciding=evidence.deciding,
        compared=evidence.compared,
        spot=evidence.spot,
        alpha=claim.alpha,
        outcome=outcome,
        sentence=sentence(evidence, outcome, support, contradict, families, further),
        notes=evidence.notes,
        n=len(evidence.seeds),
        n_planned=len(evidence.planned),
        mean_a=_mean(a, evidence.seeds),
        mean_b=_mean(b, evidence.seeds),
        effect=test.effect if test else None,
        low=test.bounds[0] if test and test.bounds else None,
        high=test.bounds[1] if test and test.bounds else None,
        sd=test.sd if test and test.possible and not isinstance(claim, ExtensionClaim) else None,
        effect_size=effect_size(test) if test and b and not isinstance(claim, ExtensionClaim) else None,
        p_support=evidence.p_support,
        p_contradict=evidence.p_contradict,
        unpaired_p_support=evidence.unpaired.p_for if evidence.unpaired else None,
        bootstrap_low=evidence.bootstrap[0] if evidence.bootstrap else None,
        bootstrap_high=evidence.bootstrap[1] if evidence.bootstrap else None,
        adjusted_support=support,
        adjusted_contradict=contradict,
        family_support=families[0],
        family_contradict=families[1],
        seeds_needed=further.needed,
        seeds_if=further.needed_if,
        detectable=further.detectable,
        published_a=evidence.published_a,
        published_b=evidence.published_b,
        paper_p=evidence.paper_p,
        paper_says=evidence.paper_says,
        connections_a=a.connections if a else None,
        connections_b=b.connections if b else None,
        connections_gap=evidence.connections_gap,
        lr_a=a.group.selection.lr if a else None,
        lr_b=b.group.selection.lr if b else None,
        runs_a=_ids(evidence.a, evidence.seeds),
        runs_b=_ids(evidence.b, evidence.seeds),
    )


def _mean(sample: Sample | None, seeds: Sequence[int]) -> float | None:
    return mean([sample.values[seed] for seed in seeds]) if sample and seeds else None


def _ids(samples: Sequence[Sample], seeds: Sequence[int]) -> tuple[str, ...]:
    """Ids of the runs that count, in order of members and ``seeds``."""
    return tuple(sample.run_ids[seed] for sample in samples for seed in seeds)
