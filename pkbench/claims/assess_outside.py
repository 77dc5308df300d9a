"""Evidence on claims of extensions: what they find is looked at only where a decision is possible at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from pkbench.claims.obstacles import (
    choice_obstacles,
    connections_gap,
    count_obstacles,
    group_notes,
    groups_of,
    seeds_of_all,
)
from pkbench.claims.power import FEWEST
from pkbench.claims.samples import Sample
from pkbench.claims.statistics import TTest, deviation
from pkbench.claims.verdict import Evidence
from pkbench.errors import ExtensionError
from pkbench.extend.claim import Assessment
from pkbench.spec.extension import ExtensionClaim
from pkbench.visible import printable

_LONGEST = 1000
"""Characters of a sentence."""


def assess_outside(evidence: Evidence, claim: ExtensionClaim, a: Sequence[Sample], b: Sequence[Sample]) -> Evidence:
    """What the extension of ``claim`` finds on the seeds that everything compared has a value of.

    Whatever goes wrong in it is an obstacle, so that it costs no other claim its verdict.
    """
    planned, seeds = seeds_of_all([*a, *b])
    obstacles = [
        *choice_obstacles(groups_of(*a, *b)),
        *count_obstacles(len(seeds), len(planned), "seed", "seeds"),
        *_without_spread(a, b, seeds),
        *_unequal_connections(claim, [*a, *b]),
    ]
    gap = max((connections_gap(x.connections, y.connections) for x, y in product(a, b)), default=None)
    notes = tuple(group_notes(groups_of(*a, *b)))
    evidence = replace(evidence, b=tuple(b), planned=planned, seeds=seeds, notes=notes, connections_gap=gap)
    if obstacles:
        return replace(evidence, obstacles=tuple(obstacles))
    try:
        found = _asked(claim, a, b, seeds)
    except ExtensionError as error:
        return replace(evidence, obstacles=(error.message,))
    test = TTest(
        n=len(seeds),
        effect=float(found.effect),
        sd=math.nan,  # what the effect scatters by is the extension's to know
        df=math.nan,
        bounds=found.interval,
        p_for=float(found.p_for),
        p_against=float(found.p_against),
    )
    return replace(evidence, test=test, said=found.sentence)


def _asked(claim: ExtensionClaim, a: Sequence[Sample], b: Sequence[Sample], seeds: Sequence[int]) -> Assessment:
    """The extension's answer, if it is one (ExtensionError otherwise)."""
    loaded = claim.loaded()
    sides = ({sample.name: {seed: sample.values[seed] for seed in seeds} for sample in side} for side in (a, b))
    with loaded.calling("assess"):
        found = loaded.extension.assess(claim.given(), *sides, claim.margin, claim.alpha)
        if not isinstance(found, Assessment):
            raise TypeError(f"it gives a {type(found).__name__} and no Assessment")
        _check(found, claim.alpha)
    return replace(found, sentence=printable(found.sentence))


def _check(found: Assessment, alpha: float) -> None:
    """ValueError where ``found`` holds numbers that are none, or shows both the claim and its opposite."""
    numbers = {"effect": found.effect, "p_for": found.p_for, "p_against": found.p_against}
    numbers |= dict(zip(("interval's low end", "interval's high end"), found.interval or (), strict=False))
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"its {name} is {value!r:.50}")
        if name.startswith("p_") and not 0 <= value <= 1:
            raise ValueError(f"its {name} is {value:g}, and a p value is from 0 to 1")
    if found.interval is not None and (len(found.interval) != 2 or found.interval[0] > found.interval[1]):
        raise ValueError(f"its interval is {found.interval!r:.50}")
    if max(found.p_for, found.p_against) <= alpha:
        raise ValueError(f"its p values {found.p_for:g} and {found.p_against:g} show both the claim and its opposite")
    if not isinstance(found.sentence, str) or not 1 <= len(found.sentence) <= _LONGEST:
        raise ValueError(f"its sentence has to be a text of 1 to {_LONGEST:,} characters")


def _without_spread(a: Sequence[Sample], b: Sequence[Sample], seeds: Sequence[int]) -> list[str]:
    """Values, or differences of two models', that are the same for every seed."""
    if len(seeds) < FEWEST:
        return []
    if not b:
        same = [one.name for one in a if deviation([one.values[seed] for seed in seeds]) == 0.0]
        return [f"{name} is the same for every seed, so there is no spread to test against" for name in same]
    pairs = product(a, b)
    still = [(x, y) for x, y in pairs if deviation([x.values[seed] - y.values[seed] for seed in seeds]) == 0.0]
    return [
        f"the difference of {x.name} and {y.name} is the same for every seed, so there is no spread to test against"
        for x, y in still
    ]


def _unequal_connections(claim: ExtensionClaim, samples: Sequence[Sample]) -> list[str]:
    within = claim.equal_connections_within
    if within is None:
        return []
    ordered = sorted(samples, key=lambda sample: sample.connections)
    least, most = ordered[0], ordered[-1]
    gap = connections_gap(least.connections, most.connections)
    if gap <= within:
        return []
    return [
        f"the claim is about connections equal within {within:.3g} of each other, but {least.name} has "
        f"{least.connections:,} and {most.name} has {most.connections:,}: {100 * gap:.2f} % apart"
    ]
