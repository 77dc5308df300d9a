"""Evidence on claims about a difference: between two models, or between two families member by member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pkbench.claims.bootstrap import bca_interval
from pkbench.claims.hardware import difference_note, engine_note
from pkbench.claims.images import image_count, other_images_note, too_fine
from pkbench.claims.obstacles import (
    choice_obstacles,
    connections_gap,
    count_obstacles,
    group_notes,
    groups_of,
    seeds_of_all,
)
from pkbench.claims.power import FEWEST
from pkbench.claims.published import at_boundaries
from pkbench.claims.samples import Material, Sample
from pkbench.claims.spread import Spread
from pkbench.claims.statistics import TTest, every, hardness, paired, welch
from pkbench.claims.verdict import Evidence, Member, estimate
from pkbench.spec.claim import AnyPair

Pairs = list[tuple[Sample, Sample]]


def matched_samples(a: Sequence[Sample], b: Sequence[Sample]) -> Pairs:
    """Member with member; a single model stands beside every member of the other family."""
    count = max(len(a), len(b))
    return list(zip(a if len(a) > 1 else [*a] * count, b if len(b) > 1 else [*b] * count, strict=True))


def member_of(x: float | None, a: Sample, b: Sample | None, seeds: Sequence[int], alpha: float) -> Member:
    """What is known at the ``seeds`` that count of one member, which stands at ``x``."""
    values_a = [a.values[seed] for seed in seeds]
    values_b = [b.values[seed] for seed in seeds] if b else []
    test = paired(values_a, values_b, alpha=alpha) if b and seeds else None
    return Member(
        x=x,
        a=a.name,
        b=b.name if b else None,
        of_a=estimate(values_a, alpha),
        of_b=estimate(values_b, alpha) if b else None,
        effect=None if test is None else test.effect,
        low=test.bounds[0] if test and test.bounds else None,
        high=test.bounds[1] if test and test.bounds else None,
    )


def assess_pair(
    evidence: Evidence, claim: AnyPair, a: Sequence[Sample], b: Sequence[Sample], material: Material
) -> Evidence:
    """A claim between trained models, paired by seed; between families it is about every member."""
    pairs = matched_samples(a, b)
    planned, seeds = seeds_of_all([*a, *b])
    tests = [_test(claim, one, other, seeds) for one, other in pairs] if seeds else []
    combined = every(tests) if tests else None
    hardest = max(range(len(tests)), key=lambda i: hardness(tests[i]), default=0)
    gap = max(connections_gap(one.connections, other.connections) for one, other in pairs)
    one, other = pairs[hardest]
    images = image_count(one.group, material.records) if claim.metric == "test_error" else None
    obstacles = [
        *choice_obstacles(groups_of(*a, *b)),
        *count_obstacles(len(seeds), len(planned), "pair of seeds", "pairs of seeds"),
        *_too_fine(tests, combined, claim, images),
        *_without_spread(tests, len(seeds)),
        *_unequal_connections(claim, pairs),
    ]
    values_one, values_other = ([sample.values[seed] for seed in seeds] for sample in (one, other))
    notes = [
        *group_notes(groups_of(*a, *b)),
        *dict.fromkeys(note for x, y in pairs for note in difference_note(x.group, y.group, material.records)),
        *dict.fromkeys(
            note
            for x, y in (pairs if claim.metric == "log_epoch_seconds" else ())
            for note in engine_note(x.group, y.group, material.records)
        ),
        *other_images_note(combined, claim, values_one, values_other, images),
    ]
    if one.run_ids and one.run_ids == other.run_ids and len(pairs) == 1:
        notes.append(f"{claim.a} and {claim.b} are one and the same model at this profile")
    single = len(pairs) == 1
    differences = [one.values[seed] - other.values[seed] for seed in seeds]
    return replace(
        evidence,
        obstacles=tuple(obstacles),
        notes=tuple(notes),
        planned=planned,
        seeds=seeds,
        test=combined,
        distance=None if combined is None else claim.distance(combined.effect),
        chances=len(tests),
        spreads=_spreads(claim, evidence.data_id, pairs, tests, seeds),
        unpaired=at_boundaries(claim, partial(welch, values_one, values_other, alpha=claim.alpha))
        if single and len(seeds) > 1
        else None,
        bootstrap=bca_interval(differences, alpha=claim.alpha) if single else None,
        connections_gap=gap,
        members=() if single else _members(claim, pairs, seeds, of_b=len(b) > len(a)),
        deciding=None if single else hardest,
    )


def _members(claim: AnyPair, pairs: Pairs, seeds: Sequence[int], *, of_b: bool) -> tuple[Member, ...]:
    """The members at their x: that of ``b`` where ``a`` is a single model beside them all."""
    return tuple(
        member_of((b if of_b else a).x(claim.x) if claim.x else None, a, b, seeds, claim.alpha) for a, b in pairs
    )


def _test(claim: AnyPair, a: Sample, b: Sample, seeds: Sequence[int]) -> TTest:
    values_a, values_b = [a.values[seed] for seed in seeds], [b.values[seed] for seed in seeds]
    return at_boundaries(claim, partial(paired, values_a, values_b, alpha=claim.alpha))


def _spreads(
    claim: AnyPair, data_id: str, pairs: Pairs, tests: Sequence[TTest], seeds: Sequence[int]
) -> tuple[Spread, ...]:
    """The deviations of all members' differences; none where a member has none."""
    if not all(test.possible for test in tests):
        return ()
    return tuple(
        Spread(
            kind=("difference", claim.metric, data_id),
            of=tuple(sample.run_ids[seed] for sample in pair for seed in seeds),
            sd=test.sd,
            n=test.n,
        )
        for pair, test in zip(pairs, tests, strict=False)
    )


def _too_fine(tests: Sequence[TTest], combined: TTest | None, claim: AnyPair, images: int | None) -> list[str]:
    """To show the claim every member has to be far enough from the margin, against it the one that decides."""
    if combined is None:
        return []
    looked_at = tests if combined.p_for <= claim.alpha else [combined]
    return list(dict.fromkeys(why for test in looked_at for why in too_fine(test, claim, images)))


def _without_spread(tests: Sequence[TTest], n: int) -> list[str]:
    if n < FEWEST or all(test.possible for test in tests):
        return []
    return ["the difference is the same for every seed, so there is no spread to test against"]


def _unequal_connections(claim: AnyPair, pairs: Pairs) -> list[str]:
    if claim.equal_connections_within is None:
        return []
    within = claim.equal_connections_within
    return [
        f"the claim is about connections equal within {within:.3g} of each other, but "
        f"{_called(claim.a, a, pairs)} has {a.connections:,} and {_called(claim.b, b, pairs)} has {b.connections:,}: "
        f"{100 * connections_gap(a.connections, b.connections):.2f} % apart"
        for a, b in pairs
        if connections_gap(a.connections, b.connections) > within
    ]


def _called(name: str, sample: Sample, pairs: Pairs) -> str:
    return name if len(pairs) == 1 else sample.name
