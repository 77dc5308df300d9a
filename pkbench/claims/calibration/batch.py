"""The decision rule on many studies at once: the same p values as the scalar tests, as arrays.

Arrays are ``(studies, members, n)``. That these decisions are the scalar code's is a test, and is checked anew on studies of
every cell whenever the simulation runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from pkbench.claims.calibration.shapes import Array
from pkbench.claims.calibration.stage import QUOTED, XS
from pkbench.spec.claim import AnyClaim, AnyPair, CrossingClaim, PairClaim, PlaceClaim, TrendClaim, ValueClaim
from pkbench.spec.extension import ExtensionClaim

INCONCLUSIVE, SUPPORTED, CONTRADICTED = 0, 1, 2
Outcomes = NDArray[np.int8]


class P(NamedTuple):
    """P values for and against a claim, one a study; ``support`` is 1 for a value claim, which is never tested for."""

    support: Array
    against: Array


class Draws(NamedTuple):
    """Values of many studies by name of model or family, and of the seeds behind a published number ``(studies, seeds)``."""

    values: Mapping[str, Array]
    published: Array | None


def below_and_above(values: Array, boundary: float) -> P:
    """One-sided t tests over the last axis: for a mean below ``boundary``, and for one above it."""
    n = values.shape[-1]
    error = values.std(axis=-1, ddof=1) / np.sqrt(n)
    statistic = (values.mean(axis=-1) - boundary) / error
    return P(stdtr(n - 1, statistic), stdtr(n - 1, -statistic))


def p_values(claim: AnyClaim, draws: Draws) -> P:
    """P values of ``claim`` in every study."""
    values = draws.values
    match claim:
        case TrendClaim():
            return _trend(claim, values[claim.a])
        case PlaceClaim():
            return _place(claim, values[claim.a])
        case CrossingClaim():
            return _crossing(claim, values[claim.a], values[claim.b])
        case PairClaim():
            return _pair(claim, draws)
        case ValueClaim():
            return _value(values[claim.a][:, 0], _given(draws))
        case ExtensionClaim():
            raise TypeError("how often an extension's claims are wrong is its own to simulate")


def outcomes(claims: Sequence[AnyClaim], draws: Draws) -> Outcomes:
    """The verdict on each of ``claims``, all those of one spec, in every study: ``(studies, claims)``."""
    found = [p_values(claim, draws) for claim in claims]
    againsts = holm(np.stack([p.against for p in found], axis=-1))
    tested = [i for i, claim in enumerate(claims) if not isinstance(claim, ValueClaim)]
    # A reported mean inside the prediction interval supports a value claim: it has no place in the family of tests for.
    supported = np.stack([p.against > claim.alpha for p, claim in zip(found, claims, strict=True)], axis=-1)
    if tested:
        alpha = np.array([claims[i].alpha for i in tested])
        supported[:, tested] = holm(np.stack([found[i].support for i in tested], axis=-1)) <= alpha
    contradicted = againsts <= np.array([claim.alpha for claim in claims])
    return np.where(supported, SUPPORTED, np.where(contradicted, CONTRADICTED, INCONCLUSIVE)).astype(np.int8)


def holm(p: Array) -> Array:
    """Holm's adjusted p values over the last axis."""
    m = p.shape[-1]
    order = np.argsort(p, axis=-1, kind="stable")
    steps = np.minimum(1.0, np.take_along_axis(p, order, axis=-1) * np.arange(m, 0, -1))
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.maximum.accumulate(steps, axis=-1), axis=-1)
    return adjusted


def _at(boundaries: Sequence[float], tests: Sequence[P]) -> P:
    """One test at each of ``boundaries`` as that of a claim below the only one, or between the two."""
    if len(boundaries) == 1:
        return tests[0]
    (below_lower, above_lower), (below_upper, above_upper) = tests
    return P(np.maximum(above_lower, below_upper), np.minimum(1.0, 2 * np.minimum(below_lower, above_upper)))


def _every(found: P) -> P:
    """Of tests ``(studies, members)``: that each of them holds."""
    members = found.support.shape[-1]
    return P(found.support.max(axis=-1), np.minimum(1.0, members * found.against.min(axis=-1)))


def _pair(claim: AnyPair, draws: Draws) -> P:
    if claim.b == QUOTED:
        return _quoted(draws.values[claim.a][:, 0], _given(draws), claim.boundaries[0])
    differences = draws.values[claim.a] - draws.values[claim.b]
    tests = [below_and_above(differences, boundary) for boundary in claim.boundaries]
    return _every(_at(claim.boundaries, tests))


def _trend(claim: TrendClaim, values: Array) -> P:
    log_x = np.log2(XS) - np.log2(XS).mean()
    slopes = np.tensordot(values, log_x, axes=(1, 0)) / (log_x @ log_x)
    if claim.direction == "rises":
        return below_and_above(-slopes, -claim.margin)
    return _at(claim.boundaries, [below_and_above(slopes, boundary) for boundary in claim.boundaries])


def _place(claim: PlaceClaim, values: Array) -> P:
    """The scalar code compares all members with all; only pairs of a near and a far one decide."""
    near = np.array([claim.is_near(x) for x in XS])
    turned = values if claim.kind == "minimum-near" else -values
    below, above = below_and_above(turned[:, near, None] - turned[:, None, ~near], 0.0)
    count_near, count_far = below.shape[1:]
    return P(
        np.minimum(1.0, count_near * below.max(axis=2).min(axis=1)),
        np.minimum(1.0, count_far * above.max(axis=1).min(axis=1)),
    )


def _crossing(claim: CrossingClaim, a: Array, b: Array) -> P:
    ends = (
        below_and_above(b[:, 0] - a[:, 0], -claim.margin_first),
        below_and_above(a[:, -1] - b[:, -1], claim.margin_last),
    )
    return _every(P(*(np.stack(side, axis=-1) for side in zip(*ends, strict=True))))


def _value(values: Array, published: Array) -> P:
    """Two-sided: whether the mean of ``published`` could be one of as many further seeds."""
    n, seeds = values.shape[-1], published.shape[-1]
    error = values.std(axis=-1, ddof=1) * np.sqrt(1 / n + 1 / seeds)
    statistic = (values.mean(axis=-1) - published.mean(axis=-1)) / error
    return P(np.ones_like(statistic), 2 * stdtr(n - 1, -np.abs(statistic)))


def _quoted(values: Array, published: Array, boundary: float) -> P:
    """A single published seed has no deviation: ours is then taken for its."""
    n, m = values.shape[-1], published.shape[-1]
    if m == 1:
        error = values.std(axis=-1, ddof=1) * np.sqrt(1 / n + 1)
        statistic = (values.mean(axis=-1) - published[..., 0] - boundary) / error
        return P(stdtr(n - 1, statistic), stdtr(n - 1, -statistic))
    ours, theirs = values.var(axis=-1, ddof=1) / n, published.var(axis=-1, ddof=1) / m
    df = (ours + theirs) ** 2 / (ours**2 / (n - 1) + theirs**2 / (m - 1))
    statistic = (values.mean(axis=-1) - published.mean(axis=-1) - boundary) / np.sqrt(ours + theirs)
    return P(stdtr(df, statistic), stdtr(df, -statistic))


def _given(draws: Draws) -> Array:
    if draws.published is None:
        raise ValueError("the claim is about a published number, and none was drawn")
    return draws.published
