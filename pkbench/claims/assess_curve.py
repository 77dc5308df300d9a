"""Evidence on claims about the shape of a curve: trend, place of the extremum, crossing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pkbench.claims.assess_pair import matched_samples, member_of
from pkbench.claims.curve_tests import crossing, lowest, trend
from pkbench.claims.images import decides, image_count, is_visible
from pkbench.claims.obstacles import (
    choice_obstacles,
    connections_gap,
    count_obstacles,
    group_notes,
    groups_of,
    seeds_of_all,
)
from pkbench.claims.power import FEWEST
from pkbench.claims.samples import Material, Sample
from pkbench.claims.spread import Spread
from pkbench.claims.statistics import TTest, every, hardness, paired, reversed_test
from pkbench.claims.verdict import Evidence, Spot
from pkbench.spec.claim import AnyCurve, CrossingClaim, PlaceClaim, TrendClaim

Located = list[tuple[float, Sample]]


def assess_trend(evidence: Evidence, claim: TrendClaim, a: Sequence[Sample]) -> Evidence:
    """The slope of each seed's line over the members whose x is asked for."""
    located = [(x, sample) for x, sample in _located(claim, a) if claim.includes(x)]
    evidence, seeds = _begun(evidence, claim, located)
    if len({x for x, _ in located}) < 2:
        return _blocked(evidence, f"{len(located)} members of {claim.a} are in the range of {claim.x} asked for")
    if not seeds:
        return evidence
    test = trend(claim, [x for x, _ in located], _values(located, seeds))
    if test.possible:
        runs = tuple(sample.run_ids[seed] for _, sample in located for seed in seeds)
        slope = Spread(("slope", claim.x, claim.metric, evidence.data_id), runs, test.sd, test.n)
        evidence = replace(evidence, spreads=(slope,))
    return _with_test(evidence, test, claim.distance(test.effect))


def assess_extremum(evidence: Evidence, claim: PlaceClaim, a: Sequence[Sample], material: Material) -> Evidence:
    """The best member near the target against the best elsewhere; for a maximum everything is turned around."""
    located = _located(claim, a)
    evidence, seeds = _begun(evidence, claim, located)
    xs = [x for x, _ in located]
    near = [claim.is_near(x) for x in xs]
    if not any(near) or all(near):
        where = "no member" if not any(near) else "every member"
        return _blocked(
            evidence, f"{where} of {claim.a} has {claim.x} near {claim.target:g}: there is nothing to compare"
        )
    if not seeds:
        return evidence
    sign = 1 if claim.kind == "minimum-near" else -1
    values = [[sign * value for value in curve] for curve in _values(located, seeds)]
    found = lowest(values, near, claim.alpha)
    test = found.test if sign == 1 else reversed_test(found.test)
    plausible = [xs[i] for i in found.plausible]
    evidence = replace(
        evidence,
        spot=Spot("lowest" if sign == 1 else "highest", xs[found.lowest], min(plausible), max(plausible)),
        compared=(located[found.near][1].name, located[found.far][1].name),
        chances=sum(near) if claim.distance(test.effect) < 0 else len(near) - sum(near),
    )
    distance = claim.distance(test.effect)
    images = image_count(a[0].group, material.records)
    return _with_test(_too_fine(evidence, claim, test, [distance], images), test, distance)


def assess_crossing(
    evidence: Evidence, claim: CrossingClaim, a: Sequence[Sample], b: Sequence[Sample], material: Material
) -> Evidence:
    """A above b at the smallest x and no longer at the largest: both ends have to be shown."""
    pairs = sorted(
        ((x, one, other) for one, other in matched_samples(a, b) if (x := one.x(claim.x)) is not None),
        key=lambda pair: pair[0],
    )
    planned, seeds = seeds_of_all([*a, *b])
    evidence = replace(
        evidence,
        b=tuple(b),
        planned=planned,
        seeds=seeds,
        notes=tuple(group_notes(groups_of(*a, *b))),
        obstacles=(*_common_obstacles([*a, *b], seeds, planned), *_unequal(claim, pairs)),
        members=tuple(member_of(x, one, other, seeds, claim.alpha) for x, one, other in pairs),
    )
    if not seeds:
        return evidence
    of_a = [[one.values[seed] for seed in seeds] for _, one, _ in pairs]
    of_b = [[other.values[seed] for seed in seeds] for _, _, other in pairs]
    # Both as tests of a - b: at the first end the claim is that it is large, at the last that it is small.
    first = reversed_test(paired(of_b[0], of_a[0], margin=claim.margin_first, alpha=claim.alpha))
    last = paired(of_a[-1], of_b[-1], margin=-claim.margin_last, alpha=claim.alpha)
    distances = (claim.margin_first - first.effect, last.effect - claim.margin_last)
    end = 0 if hardness(first) >= hardness(last) else 1
    found = crossing([x for x, _, _ in pairs], of_a, of_b, claim.alpha)
    evidence = replace(
        evidence,
        spot=Spot("crossing", found.x, found.low, found.high),
        deciding=(0, len(pairs) - 1)[end],
        chances=2,
    )
    images = image_count(a[0].group, material.records)
    test = every([first, last])
    # To show the claim both ends have to be far enough from their margins, against it the one that decides.
    both = distances if test.p_for <= claim.alpha else distances[end : end + 1]
    return _with_test(_too_fine(evidence, claim, test, both, images), test, distances[end])


def _located(claim: AnyCurve, samples: Sequence[Sample]) -> Located:
    """The members with their x, in rising order."""
    found = [(x, sample) for sample in samples if (x := sample.x(claim.x)) is not None]
    return sorted(found, key=lambda item: item[0])


def _values(located: Located, seeds: Sequence[int]) -> list[list[float]]:
    return [[sample.values[seed] for seed in seeds] for _, sample in located]


def _begun(evidence: Evidence, claim: TrendClaim | PlaceClaim, located: Located) -> tuple[Evidence, tuple[int, ...]]:
    """What holds of the curve of one family before any test; members that the claim leaves out are no part of it."""
    if not located:
        return evidence, ()
    samples = [sample for _, sample in located]
    planned, seeds = seeds_of_all(samples)
    begun = replace(
        evidence,
        a=tuple(samples),
        planned=planned,
        seeds=seeds,
        notes=tuple(group_notes(groups_of(*samples))),
        obstacles=(*_common_obstacles(samples, seeds, planned), *_unequal_omega(claim, samples)),
        members=tuple(member_of(x, sample, None, seeds, claim.alpha) for x, sample in located),
    )
    return begun, seeds


def _common_obstacles(samples: Sequence[Sample], seeds: Sequence[int], planned: Sequence[int]) -> list[str]:
    return [
        *choice_obstacles(groups_of(*samples)),
        *count_obstacles(len(seeds), len(planned), "curve of a seed", "curves of seeds"),
    ]


def _unequal_omega(claim: TrendClaim | PlaceClaim, samples: Sequence[Sample]) -> list[str]:
    """The paper's curves are at fixed connections a layer: rounding S moves them a little, not by more than is said."""
    if claim.equal_omega_within is None:
        return []
    omegas = [sample.group.shape.omega for sample in samples]
    gap = max(omegas) / min(omegas) - 1
    if gap <= claim.equal_omega_within:
        return []
    return [
        f"the claim is about connections a layer equal within {claim.equal_omega_within:.3g} of each other, but they go from "
        f"{min(omegas):,.0f} to {max(omegas):,.0f}: {100 * gap:.2f} % apart"
    ]


def _unequal(claim: CrossingClaim, pairs: Sequence[tuple[float, Sample, Sample]]) -> list[str]:
    within = claim.equal_connections_within
    gap = max(connections_gap(one.connections, other.connections) for _, one, other in pairs)
    if within is None or gap <= within:
        return []
    return [
        f"the claim is about connections equal within {within:.3g} of each other, but members are up to {100 * gap:.2f} % apart"
    ]


def _blocked(evidence: Evidence, why: str) -> Evidence:
    return replace(evidence, obstacles=(*evidence.obstacles, why))


def _too_fine(
    evidence: Evidence, claim: AnyCurve, test: TTest, distances: Sequence[float], images: int | None
) -> Evidence:
    """``evidence`` with an obstacle where ``test`` would decide by less than one test image."""
    if claim.metric != "test_error" or images is None or not decides(test, claim.alpha):
        return evidence
    if all(is_visible(distance, images) for distance in distances):
        return evidence
    return _blocked(
        evidence, f"the difference lies within one test image of what decides the claim ({images:,} images)"
    )


def _with_test(evidence: Evidence, test: TTest, distance: float) -> Evidence:
    """``evidence`` with its test, and an obstacle where that has no spread."""
    found = replace(evidence, test=test, distance=distance)
    if len(evidence.seeds) < FEWEST or test.possible:
        return found
    return _blocked(found, "what is compared is the same for every seed, so there is no spread to test against")
