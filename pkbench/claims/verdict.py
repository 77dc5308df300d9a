"""What is found about one claim on one data set: the evidence, and the verdict made of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from pkbench.claims.groups import Group
from pkbench.claims.power import SeedsNeeded
from pkbench.claims.published import Published
from pkbench.claims.statistics import TTest
from pkbench.spec.claim import AnyClaim

Outcome = Literal["supported", "contradicted", "inconclusive", "not assessed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All there is to say about a claim on a data set before the other claims of the spec are looked at."""

    claim: AnyClaim
    data_id: str
    skipped: str = ""
    """Why the claim cannot be assessed here at all; empty where it can."""
    obstacles: tuple[str, ...] = ()
    """Why nothing may be decided whatever the numbers say."""
    notes: tuple[str, ...] = ()
    a: Group | None = None
    b: Group | None = None
    seeds: tuple[int, ...] = ()
    """Seeds that count: for pairs those finished on both sides."""
    test: TTest | None = None
    welch: bool = False
    """Whether ``test`` is Welch's against a published mean and deviation, not one of a single list of differences."""
    unpaired: TTest | None = None
    """The same comparison without the pairing, as a cross-check."""
    published_a: Published | None = None
    published_b: Published | None = None
    paper_p: float | None = None
    connections_gap: float | None = None

    @property
    def p_support(self) -> float | None:
        """Raw p value for the claim; ``None`` without a test, and for a value claim, which is never tested for."""
        if self.test is None or self.claim.kind == "value":
            return None
        return self.test.p_for

    @property
    def p_contradict(self) -> float | None:
        """Raw p value against the claim: two-sided for a value claim."""
        if self.test is None:
            return None
        return self.test.p_two_sided if self.claim.kind == "value" else self.test.p_against


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A verdict with everything behind it. Errors in per cent; effects, deviations and margins in percentage points.

    ``effect`` is ``mean(a) - mean(b)`` with its two-sided ``1 - alpha`` t interval ``low … high``. For a value claim it
    is ``mean(a) - reported`` with the prediction interval of that difference. ``adjusted_*`` are Holm's p values over
    ``family_*`` tests; they are ``None`` where an obstacle keeps the claim from being decided.
    """

    claim_id: str
    kind: Literal["less", "non-inferior", "equivalent", "value"]
    statement: str
    place: str
    data_id: str
    profile: str
    scope: str
    """What a verdict at this profile speaks about: to be shown wherever the verdict is."""
    a: str
    b: str | None
    margin: float | None
    boundaries: tuple[float, ...]
    """Differences at which the claim's truth changes; none of a value claim."""
    alpha: float
    outcome: Outcome
    sentence: str
    notes: tuple[str, ...]
    n: int
    n_planned: int
    mean_a: float | None
    mean_b: float | None
    effect: float | None
    low: float | None
    high: float | None
    sd: float | None
    effect_size: float | None
    p_support: float | None
    p_contradict: float | None
    unpaired_p_support: float | None
    adjusted_support: float | None
    adjusted_contradict: float | None
    family_support: int
    family_contradict: int
    seeds_needed: SeedsNeeded | None
    detectable: float | None
    """Smallest true distance from the margin these seeds could have shown with 80 % chance."""
    published_a: Published | None
    published_b: Published | None
    paper_p: float | None
    """Two-sided p value from the paper's own means, deviations and seeds."""
    connections_a: int | None
    connections_b: int | None
    connections_gap: float | None
    """Difference of the connections relative to the smaller side."""
    lr_a: float | None
    lr_b: float | None
    runs_a: tuple[str, ...]
    runs_b: tuple[str, ...]


def as_data(value: Any) -> dict[str, Any]:
    """A dataclass of this room as plain values for JSON."""
    return dataclasses.asdict(value)
