"""``[[reported]]`` and ``[[claim]]``: what the paper's numbers are, and what is to be checked of them.

A claim's ``a`` and ``b`` are models, families of models (with a sweep) or, where the metric is CKA, comparisons.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Name, Part, Text
from pkbench.spec.claim_parts import ClaimPart, Margin, Percent, Within
from pkbench.spec.extension import ExtensionClaim
from pkbench.spec.metric import XName


class Reported(Part):
    """One published number: mean and spread of a metric for a model (or a cited row) on a data set."""

    row: Identifier
    """A model's id, or the name of a row the paper quotes and this spec does not train."""
    data: Identifier
    """A data set's id."""
    metric: Literal["test_error"]
    """Top-1 error on the test part, in per cent."""
    mean: Percent
    """The number, in per cent."""
    sd: Percent | None = None
    """Standard deviation over seeds, in percentage points, where one is given."""
    n: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Seeds behind it, where the number is given."""
    place: Text
    """Where it stands."""
    quoted_from: Text | None = None
    """The other publication it is quoted from, where its authors did not run it."""


class PaperCurve(Part):
    """Curves of the paper's figures that a claim is about: drawn beside ours, and their own shape is said."""

    figure: Name
    """Figure, as in the list of points that were read off: 5, 6, 4-left …"""
    a: Name
    """Series that ``a`` stands for."""
    b: Name | None = None
    """Series that ``b`` stands for."""


class PairClaim(ClaimPart):
    """What claims about a difference have; paired by seed between two models, one-sample against a reported row.

    Between families it is about every member of ``a`` and the one of ``b`` at the same place: it holds where it holds
    for each. A single model stands beside every member.
    """

    a: Identifier
    """The model that is compared."""
    b: Identifier
    """The model, or the reported row, it is compared with."""
    x: XName | None = None
    """What the members of families differ in; required with families."""
    paper: PaperCurve | None = None
    """The paper's curves of it."""
    equal_connections_within: Within | None = None
    """The comparison is only the claim's where the connections differ by no more than this fraction."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """Differences ``a - b`` at which the claim's truth changes, in rising order and the metric's unit."""
        return (0.0,)

    def distance(self, effect: float) -> float:
        """How far a difference of ``effect`` is from the nearest boundary: negative where the claim holds."""
        return effect - self.boundaries[0]


class LessClaim(PairClaim):
    """``mean(a) < mean(b) - margin``."""

    kind: Literal["less"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    margin: Percent
    """Least difference that counts, in the metric's unit (percentage points for errors)."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """``-margin``: the claim holds below it."""
        return (-self.margin,)


class NonInferiorClaim(PairClaim):
    """``mean(a) < mean(b) + margin``: a may be worse, but not by so much."""

    kind: Literal["non-inferior"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    margin: Margin
    """What would be worse, in the metric's unit (percentage points for errors)."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """``margin``: the claim holds below it."""
        return (self.margin,)


class EquivalentClaim(PairClaim):
    """``|mean(a) - mean(b)| < margin``, by two one-sided tests (Schuirmann 1987)."""

    kind: Literal["equivalent"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    margin: Margin
    """What would be a difference, in the metric's unit (percentage points for errors)."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """``-margin`` and ``margin``: the claim holds between them."""
        return (-self.margin, self.margin)

    def distance(self, effect: float) -> float:
        """How far a difference of ``effect`` is from the nearer boundary: negative between them."""
        return abs(effect) - self.margin


class CurveClaim(ClaimPart):
    """What claims about the shape of a curve have: a family of models along ``x``."""

    a: Identifier
    """The family."""
    x: XName
    """What its members differ in."""
    paper: PaperCurve | None = None
    """The paper's curves of it."""


class TrendClaim(CurveClaim):
    """The metric falls, rises or stays flat along ``x``: a straight line in log2(x) is fitted to each seed's values."""

    kind: Literal["trend"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    direction: Literal["falls", "rises", "flat"]
    """Which way."""
    margin: Percent
    """Slope that counts, in the metric's unit for each doubling of x: exceeded by falls and rises, not reached by flat."""
    x_from: float | None = None
    """Only members whose x is at least this."""
    x_to: float | None = None
    """Only members whose x is at most this."""
    equal_omega_within: Within | None = None
    """It is only the claim's trend where the connections a layer of all members differ by no more than this fraction."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """Slopes at which the claim's truth changes, in rising order."""
        return {"falls": (-self.margin,), "rises": (self.margin,), "flat": (-self.margin, self.margin)}[self.direction]

    def includes(self, x: float) -> bool:
        """Whether a member at ``x`` is one of those asked for."""
        return (self.x_from is None or x >= self.x_from) and (self.x_to is None or x <= self.x_to)

    def distance(self, effect: float) -> float:
        """How far a slope of ``effect`` is from the nearest boundary: negative where the claim holds."""
        side = {"falls": effect, "rises": -effect, "flat": abs(effect)}[self.direction]
        return side - self.margin if self.direction == "flat" else side + self.margin


class PlaceClaim(CurveClaim):
    """The member with the lowest (highest) mean is one whose ``x`` is within a factor of ``target``."""

    kind: Literal["minimum-near", "maximum-near"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    target: Annotated[float, Field(gt=0)]
    """Where the extremum is claimed to be, in units of x."""
    within: Annotated[float, Field(ge=1, le=1000)]
    """Factor: x from target/within to target*within counts as near."""
    equal_omega_within: Within | None = None
    """It is only the claim's curve where the connections a layer of all members differ by no more than this fraction."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """0: the best value near the target minus the best elsewhere, turned around for a maximum."""
        return (0.0,)

    def distance(self, effect: float) -> float:
        """How far the difference of the best near the target to the best elsewhere is from 0: negative where the claim holds."""
        return effect if self.kind == "minimum-near" else -effect

    def is_near(self, x: float) -> bool:
        """Whether ``x`` counts as near the target; the ends do, and rounding does not keep them out."""
        return self.target / self.within * (1 - 1e-9) <= x <= self.target * self.within * (1 + 1e-9)


class CrossingClaim(CurveClaim):
    """``a`` is above ``b`` at the smallest x by more than ``margin_first``, and below ``b + margin_last`` at the largest."""

    kind: Literal["crossing"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    b: Identifier
    """The other family, or a single model."""
    margin_first: Percent
    """By how much a has to be above b at the smallest x, in the metric's unit."""
    margin_last: Percent
    """How far above b it may still be at the largest x, in the metric's unit: 0 asks for it to be below."""
    equal_connections_within: Within | None = None
    """The comparison is only the claim's where the connections differ by no more than this fraction."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """None that one number could be held against."""
        return ()


class ValueClaim(ClaimPart):
    """The reported mean lies in the interval our seeds predict for a mean of the reported size."""

    kind: Literal["value"]
    """less, non-inferior, equivalent: two models, or two families at every member; trend, minimum-near, maximum-near, crossing: curves; value: a number is reproduced; extension: judged by an installed extension."""
    a: Identifier
    """The model whose reported number is checked."""


AnyPair = LessClaim | NonInferiorClaim | EquivalentClaim
AnyCurve = TrendClaim | PlaceClaim | CrossingClaim
AnyClaim = AnyPair | AnyCurve | ValueClaim | ExtensionClaim
Claim = Annotated[AnyClaim, Field(discriminator="kind")]
