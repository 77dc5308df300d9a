"""From a claim and what it compares to the evidence: which seeds count, which test, what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pkbench.claims.assess_curve import assess_crossing, assess_extremum, assess_trend
from pkbench.claims.assess_outside import assess_outside
from pkbench.claims.assess_pair import assess_pair
from pkbench.claims.images import image_count, other_images_note, too_fine
from pkbench.claims.obstacles import group_notes, sample_obstacles
from pkbench.claims.paper_curves import paper_says
from pkbench.claims.published import at_boundaries, paper_test, published
from pkbench.claims.samples import Material, Sample
from pkbench.claims.statistics import Summary, deviation, from_summary, mean, prediction
from pkbench.claims.verdict import Evidence
from pkbench.spec.claim import AnyClaim, AnyPair, CrossingClaim, CurveClaim, PairClaim, PlaceClaim, TrendClaim
from pkbench.spec.extension import ExtensionClaim


def assess(claim: AnyClaim, data_id: str, material: Material) -> Evidence:
    """The evidence on ``claim`` from ``data_id`` at the profile of ``material``."""
    scaled = material.scaled
    evidence = Evidence(
        claim=claim,
        data_id=data_id,
        published_a=published(scaled.spec, claim.a, data_id),
        paper_says=paper_says(claim, data_id) if isinstance(claim, PairClaim | CurveClaim) else "",
    )
    if data_id not in {data.id for data in scaled.data}:
        return replace(evidence, skipped=f"the {scaled.profile_name} profile does not use the data set {data_id}")
    a = material.samples(claim.a, claim.metric, data_id)
    evidence = replace(evidence, a=a)
    match claim:
        case TrendClaim():
            return assess_trend(evidence, claim, a)
        case PlaceClaim():
            return assess_extremum(evidence, claim, a, material)
        case CrossingClaim() | ExtensionClaim():
            return _two_sides(evidence, claim, material)
        case PairClaim():
            return _pair(evidence, claim, material)
        case _:
            return _value(evidence, a[0], scaled.profile_name)


def _two_sides(evidence: Evidence, claim: CrossingClaim | ExtensionClaim, material: Material) -> Evidence:
    """A claim about what ``a`` and ``b`` stand for as wholes; an extension's need not have a ``b``."""
    b = () if claim.b is None else material.samples(claim.b, claim.metric, evidence.data_id)
    if isinstance(claim, CrossingClaim):
        return assess_crossing(evidence, claim, evidence.a, b, material)
    return assess_outside(evidence, claim, evidence.a, b)


def _pair(evidence: Evidence, claim: AnyPair, material: Material) -> Evidence:
    test = paper_test(material.scaled.spec, claim, evidence.data_id)
    evidence = replace(
        evidence,
        published_b=published(material.scaled.spec, claim.b, evidence.data_id),
        paper_p=None if test is None else test.p,
    )
    b = material.samples(claim.b, claim.metric, evidence.data_id)
    if not b:
        return _against_quoted(evidence, claim, evidence.a[0], material)
    return assess_pair(replace(evidence, b=b), claim, evidence.a, b, material)


def _against_quoted(evidence: Evidence, claim: AnyPair, sample: Sample, material: Material) -> Evidence:
    """A claim against a row nobody trained here: it is about that row's data set and scale only."""
    quoted, profile = evidence.published_b, material.scaled.profile_name
    if profile != "paper":
        why = f"{claim.b} is a quoted row, not a model that is trained here: only runs at the paper profile"
        return replace(evidence, skipped=f"{why} can be held against it, and this is {profile}")
    if quoted is None:
        return replace(evidence, skipped=f"no number is reported for {claim.b} on {evidence.data_id}")
    values = list(sample.values.values())
    if quoted.summary is None:
        one_like_ours = partial(prediction, values, quoted.mean, quoted.seeds, alpha=claim.alpha)
        test = at_boundaries(claim, one_like_ours) if values else None
        size = "a single seed" if quoted.seeds == 1 else f"{quoted.seeds} seeds"
        note = (
            f"{claim.b} was not trained here and the spread of its quoted {quoted.mean:.2f} % is unknown: it is taken for "
            f"{size} of a model that scatters as {claim.a} does"
        )
    else:
        test = None
        if len(values) > 1:
            ours = Summary(mean(values), deviation(values), len(values))
            test = at_boundaries(claim, partial(from_summary, ours, quoted.summary, alpha=claim.alpha))
        note = (
            f"{claim.b} was not trained here: its stated mean and deviation are held against our seeds (Welch's test)"
        )
    images = image_count(sample.group, material.records)
    return replace(
        evidence,
        test=test,
        planned=sample.planned,
        seeds=tuple(sample.values),
        obstacles=(*sample_obstacles(sample), *too_fine(test, claim, images)),
        notes=(*group_notes(sample.trained), note, *other_images_note(test, claim, values, [quoted.mean], images)),
    )


def _value(evidence: Evidence, sample: Sample, profile: str) -> Evidence:
    """A ``value`` claim: the published number is about the published setting only."""
    quoted = evidence.published_a
    if profile != "paper":
        return replace(evidence, skipped=f"the reported number is about the paper profile, and this is {profile}")
    if quoted is None:
        return replace(evidence, skipped=f"no number is reported for {evidence.claim.a} on {evidence.data_id}")
    values = list(sample.values.values())
    test = prediction(values, quoted.mean, quoted.seeds, alpha=evidence.claim.alpha) if values else None
    note = "the paper's seeds are taken to scatter as ours do"
    if quoted.n is None:
        note += "; how many seeds are behind its number is not stated, so it is taken for a single one"
    return replace(
        evidence,
        test=test,
        planned=sample.planned,
        seeds=tuple(sample.values),
        obstacles=sample_obstacles(sample),
        notes=(*group_notes(sample.trained), note),
    )
