"""From a claim and the groups it compares to the evidence: which seeds count, which test, what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from pkbench.claims.groups import Group
from pkbench.claims.hardware import difference_note
from pkbench.claims.images import image_count, other_images_note, too_fine
from pkbench.claims.power import FEWEST
from pkbench.claims.published import at_boundaries, paper_test, published
from pkbench.claims.statistics import (
    Summary,
    deviation,
    from_summary,
    mean,
    one_sample,
    paired,
    prediction,
    welch,
)
from pkbench.claims.verdict import Evidence
from pkbench.spec.claim import AnyClaim, AnyPair, ValueClaim
from pkbench.spec.scale import Scaled
from pkbench.store.record import Record

Groups = Mapping[tuple[str, str], Group]


def assess(claim: AnyClaim, data_id: str, scaled: Scaled, groups: Groups, records: Mapping[str, Record]) -> Evidence:
    """The evidence on ``claim`` from ``data_id`` at the profile of ``scaled``."""
    evidence = Evidence(claim=claim, data_id=data_id, published_a=published(scaled.spec, claim.a, data_id))
    if data_id not in {data.id for data in scaled.data}:
        return replace(evidence, skipped=f"the {scaled.profile_name} profile does not use the data set {data_id}")
    a = groups[claim.a, data_id]
    if isinstance(claim, ValueClaim):
        return _value(replace(evidence, a=a), a, scaled.profile_name)
    test = paper_test(scaled.spec, claim, data_id)
    evidence = replace(
        evidence,
        a=a,
        published_b=published(scaled.spec, claim.b, data_id),
        paper_p=None if test is None else test.p,
    )
    b = groups.get((claim.b, data_id))
    if b is None:
        return _against_quoted(evidence, claim, a, scaled.profile_name, records)
    return _between_models(replace(evidence, b=b), claim, a, b, records)


def connections_gap(a: int, b: int) -> float:
    """Difference of two counts relative to the smaller: the same seen from either side, and the stricter of the two."""
    return abs(a - b) / min(a, b)


def _between_models(evidence: Evidence, claim: AnyPair, a: Group, b: Group, records: Mapping[str, Record]) -> Evidence:
    """A claim between two trained models, paired by seed."""
    seeds = tuple(seed for seed in a.planned if seed in a.errors and seed in b.errors)
    values_a, values_b = [a.errors[seed] for seed in seeds], [b.errors[seed] for seed in seeds]
    test = at_boundaries(claim, partial(paired, values_a, values_b, alpha=claim.alpha)) if seeds else None
    gap = connections_gap(a.connections, b.connections)
    images = image_count(a, records)
    obstacles = [
        *_choice_obstacles(a, b),
        *_count_obstacles(len(seeds), len(a.planned), "pair of seeds", "pairs of seeds"),
        *too_fine(test, claim, images),
    ]
    if test is not None and len(seeds) >= FEWEST and not test.possible:
        obstacles.append("the difference is the same for every seed, so there is no spread to test against")
    if claim.equal_connections_within is not None and gap > claim.equal_connections_within:
        obstacles.append(
            f"the claim is about connections equal within {claim.equal_connections_within:.3g} of each other, but "
            f"{claim.a} has {a.connections:,} and {claim.b} has {b.connections:,}: {100 * gap:.2f} % apart"
        )
    notes = [
        *_group_notes(a),
        *_group_notes(b),
        *difference_note(a, b, records),
        *other_images_note(test, claim, values_a, values_b, images),
    ]
    if a.run_ids and a.run_ids == b.run_ids:
        notes.append(f"{claim.a} and {claim.b} are one and the same model at this profile")
    return replace(
        evidence,
        obstacles=tuple(obstacles),
        notes=tuple(notes),
        seeds=seeds,
        test=test,
        unpaired=at_boundaries(claim, partial(welch, values_a, values_b, alpha=claim.alpha))
        if len(seeds) > 1
        else None,
        connections_gap=gap,
    )


def _against_quoted(
    evidence: Evidence, claim: AnyPair, group: Group, profile: str, records: Mapping[str, Record]
) -> Evidence:
    """A claim against a row nobody trained here: it is about that row's data set and scale only."""
    quoted = evidence.published_b
    if profile != "paper":
        why = f"{claim.b} is a quoted row, not a model that is trained here: only runs at the paper profile"
        return replace(evidence, skipped=f"{why} can be held against it, and this is {profile}")
    if quoted is None:
        return replace(evidence, skipped=f"no number is reported for {claim.b} on {evidence.data_id}")
    values = list(group.errors.values())
    if quoted.summary is None:
        test = at_boundaries(claim, partial(one_sample, values, quoted.mean, alpha=claim.alpha)) if values else None
        note = (
            f"{claim.b} was not trained here and the spread of its quoted {quoted.mean:.2f} % is unknown: it is taken "
            "as exact, which makes the p value smaller than it would be"
        )
    else:
        test = None
        if len(values) > 1:
            ours = Summary(mean(values), deviation(values), len(values))
            test = at_boundaries(claim, partial(from_summary, ours, quoted.summary, alpha=claim.alpha))
        note = (
            f"{claim.b} was not trained here: its stated mean and deviation are held against our seeds (Welch's test)"
        )
    images = image_count(group, records)
    return replace(
        evidence,
        test=test,
        welch=quoted.summary is not None,
        seeds=tuple(group.errors),
        obstacles=(*_group_obstacles(group), *too_fine(test, claim, images)),
        notes=(*_group_notes(group), note, *other_images_note(test, claim, values, [quoted.mean], images)),
    )


def _value(evidence: Evidence, group: Group, profile: str) -> Evidence:
    """A ``value`` claim: the published number is about the published setting only."""
    quoted = evidence.published_a
    if profile != "paper":
        return replace(evidence, skipped=f"the reported number is about the paper profile, and this is {profile}")
    if quoted is None:
        return replace(evidence, skipped=f"no number is reported for {evidence.claim.a} on {evidence.data_id}")
    values = list(group.errors.values())
    test = prediction(values, quoted.mean, quoted.n or 1, alpha=evidence.claim.alpha) if values else None
    note = "the paper's seeds are taken to scatter as ours do"
    if quoted.n is None:
        note += "; how many seeds are behind its number is not stated, so it is taken for a single one"
    return replace(
        evidence,
        test=test,
        seeds=tuple(group.errors),
        obstacles=_group_obstacles(group),
        notes=(*_group_notes(group), note),
    )


def _group_obstacles(group: Group) -> tuple[str, ...]:
    """What stands in the way of a test of one group's seeds."""
    values = list(group.errors.values())
    obstacles = [*_choice_obstacles(group), *_count_obstacles(len(values), len(group.planned), "run", "runs")]
    if len(values) >= FEWEST and deviation(values) == 0.0:
        obstacles.append("the error is the same for every seed, so there is no spread to test against")
    return tuple(obstacles)


def _choice_obstacles(*groups: Group) -> list[str]:
    return [f"{group.model.id}: {group.selection.reason}" for group in groups if group.selection.reason]


def _count_obstacles(n: int, planned: int, one: str, many: str) -> list[str]:
    """Why ``n`` of ``planned`` seeds cannot decide; nothing where they can."""
    obstacles = []
    if n < planned:
        obstacles.append(
            f"{planned - n} of {planned} {one if planned == 1 else many} {'is' if planned - n == 1 else 'are'} missing"
        )
    if n < FEWEST:
        obstacles.append(f"{n} {one if n == 1 else many} cannot decide: at least {FEWEST - n} more are needed")
    return obstacles


def _group_notes(group: Group) -> list[str]:
    """What a reader must know of how ``group``'s numbers came about."""
    notes = list(group.failures)
    selection = group.selection
    if selection.criterion == "test-error" and selection.lr is not None:
        notes.append(
            f"{group.model.id}: the learning rate was chosen on the test images, as the spec asks; its errors are optimistic"
        )
    notes.extend(
        f"{group.model.id}: learning rate {candidate.lr:g} is out, training diverged for {len(candidate.diverged)} "
        f"of {len(group.planned)} seeds"
        for candidate in selection.candidates
        if candidate.diverged and selection.criterion is not None
    )
    return notes
