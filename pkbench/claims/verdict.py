"""What is found about one claim on one data set: the evidence, and the verdict made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pkbench.claims.power import SeedsIf, SeedsNeeded
from pkbench.claims.published import Published
from pkbench.claims.samples import Sample
from pkbench.claims.spread import Spread
from pkbench.claims.statistics import TTest, interval, mean
from pkbench.spec.claim import AnyClaim
from pkbench.spec.metric import MetricName, XName

Outcome = Literal["supported", "contradicted", "inconclusive", "not assessed"]
Kind = Literal[
    "less", "non-inferior", "equivalent", "trend", "minimum-near", "maximum-near", "crossing", "value", "extension"
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` seeds with its two-sided t interval, in the metric's unit; ``None`` where there is none."""

    n: int
    mean: float | None
    low: float | None
    high: float | None


def estimate(values: Sequence[float], alpha: float) -> Estimate:
    """Mean of ``values`` with the ``1 - alpha`` interval."""
    if not values:
        return Estimate(0, None, None, None)
    return Estimate(len(values), mean(values), *(interval(values, alpha=alpha) or (None, None)))


@dataclass(frozen=True, slots=True)
class Member:
    """One place of a family on the seeds that count, with ``a - b`` where there are two; intervals are not corrected."""

    x: float | None
    a: str
    b: str | None
    of_a: Estimate
    of_b: Estimate | None
    effect: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where along x something is: ``low … high`` cannot be ruled out, ``None`` is beyond what was tried.

    For ``lowest`` and ``highest`` they are the outermost members that may be it; a ``crossing`` lies between them.
    """

    what: Literal["lowest", "highest", "crossing"]
    x: float | None
    low: float | None
    high: float | None


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
    a: tuple[Sample, ...] = ()
    b: tuple[Sample, ...] = ()
    planned: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    """Seeds that count: those that everything compared has a value of."""
    test: TTest | None = None
    distance: float | None = None
    """How far the effect is from the nearest boundary, negative where the claim holds; ``None`` where more seeds of ours could
    not settle it: against a published number, whose own scatter they make no better known."""
    chances: int = 1
    """Tests that ``test`` was chosen from or put together of: what Bonferroni divides by."""
    spreads: tuple[Spread, ...] = ()
    """How what is tested scatters: of each member where there are several; none where any has no spread."""
    unpaired: TTest | None = None
    """The same comparison without the pairing, as a cross-check."""
    bootstrap: tuple[float, float] | None = None
    """BCa interval of the effect, as a cross-check."""
    members: tuple[Member, ...] = ()
    """The places of a family."""
    deciding: int | None = None
    """Index of the member whose numbers ``test`` has."""
    compared: tuple[str, str] | None = None
    """Names of the two members whose difference ``test`` is of."""
    spot: Spot | None = None
    published_a: Published | None = None
    published_b: Published | None = None
    paper_p: float | None = None
    paper_says: str = ""
    """What the paper's own points show."""
    said: str = ""
    """What an extension says that it found."""
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
    """A verdict with everything behind it. Values are in the metric's unit, errors in per cent and their effects in points.

    ``effect`` is ``mean(a) - mean(b)`` with its two-sided ``1 - alpha`` t interval ``low … high``: between families that of
    the ``deciding`` member. For a value claim it is ``mean(a) - reported`` with the prediction interval of that difference,
    for a trend the slope for each doubling of x, for an extremum the best value near the target minus the best elsewhere. ``adjusted_*`` are Holm's p values over
    ``family_*`` tests; they are ``None`` where an obstacle keeps the claim from being decided.
    """

    claim_id: str
    kind: Kind
    metric: MetricName
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
    """Effects at which the claim's truth changes; none of a value claim or an extension's."""
    x: XName | None
    """What the members of its families differ in."""
    members: tuple[Member, ...]
    deciding: int | None
    """Index of the member that is furthest from showing the claim."""
    compared: tuple[str, str] | None
    """The two members that an extremum's effect is the difference of."""
    spot: Spot | None
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
    bootstrap_low: float | None
    bootstrap_high: float | None
    """``bootstrap_low … bootstrap_high``: BCa interval of the effect, from five pairs on."""
    adjusted_support: float | None
    adjusted_contradict: float | None
    family_support: int
    family_contradict: int
    seeds_needed: SeedsNeeded | None
    """Seeds that would decide if the truth were what these seeds show."""
    seeds_if: SeedsIf | None
    """Seeds that would decide if the effect were the one named before the runs."""
    detectable: float | None
    """Smallest true distance from the margin these seeds could have shown with 80 % chance."""
    published_a: Published | None
    published_b: Published | None
    paper_p: float | None
    """Two-sided p value from the paper's own means, deviations and seeds."""
    paper_says: str
    """What the points read off the paper's figure show."""
    connections_a: int | None
    connections_b: int | None
    connections_gap: float | None
    """Difference of the connections relative to the smaller side."""
    lr_a: float | None
    lr_b: float | None
    runs_a: tuple[str, ...]
    runs_b: tuple[str, ...]
