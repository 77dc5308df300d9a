"""``[[reported]]`` and ``[[claim]]``: what the paper's numbers are, and what is to be checked of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Text, array

Percent = Annotated[float, Field(ge=0, le=100)]
Margin = Annotated[float, Field(gt=0, le=100)]
Alpha = Annotated[float, Field(gt=0, lt=0.5)]


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


class ClaimPart(Part):
    """What every claim has."""

    id: Identifier
    """Name of the claim."""
    statement: Text
    """The claim in plain words."""
    place: Text
    """Where the paper makes it."""
    data: Annotated[tuple[Identifier, ...], array()] | None = None
    """Data sets it is about; absent: every one of the profile, a verdict for each."""
    metric: Literal["test_error"]
    """What is compared, in per cent."""
    alpha: Alpha
    """Error rate of the test, before Holm's correction over the spec's claims."""


class PairClaim(ClaimPart):
    """What claims about a difference have; paired by seed between two models, one-sample against a reported row."""

    a: Identifier
    """The model that is compared."""
    b: Identifier
    """The model, or the reported row, it is compared with."""
    equal_connections_within: Annotated[float, Field(gt=0, le=1)] | None = None
    """The comparison is only the claim's where the connections differ by no more than this fraction."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """Differences ``a - b``, in points, at which the claim's truth changes, in rising order."""
        return (0.0,)

    def distance(self, effect: float) -> float:
        """How far a difference of ``effect`` points is from the nearest boundary: negative where the claim holds."""
        return effect - self.boundaries[0]


class LessClaim(PairClaim):
    """``mean(a) < mean(b) - margin``."""

    kind: Literal["less"]
    """less: lower by more than margin; non-inferior: not higher by margin; equivalent: within margin; value: a number is reproduced."""
    margin: Percent
    """Least difference that counts, in percentage points."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """``-margin``: the claim holds below it."""
        return (-self.margin,)


class NonInferiorClaim(PairClaim):
    """``mean(a) < mean(b) + margin``: a may be worse, but not by so much."""

    kind: Literal["non-inferior"]
    """less: lower by more than margin; non-inferior: not higher by margin; equivalent: within margin; value: a number is reproduced."""
    margin: Margin
    """What would be worse, in percentage points."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """``margin``: the claim holds below it."""
        return (self.margin,)


class EquivalentClaim(PairClaim):
    """``|mean(a) - mean(b)| < margin``, by two one-sided tests (Schuirmann 1987)."""

    kind: Literal["equivalent"]
    """less: lower by more than margin; non-inferior: not higher by margin; equivalent: within margin; value: a number is reproduced."""
    margin: Margin
    """What would be a difference, in percentage points."""

    @property
    def boundaries(self) -> tuple[float, ...]:
        """``-margin`` and ``margin``: the claim holds between them."""
        return (-self.margin, self.margin)

    def distance(self, effect: float) -> float:
        """How far a difference of ``effect`` points is from the nearer boundary: negative between them."""
        return abs(effect) - self.margin


class ValueClaim(ClaimPart):
    """The reported mean lies in the interval our seeds predict for a mean of the reported size."""

    kind: Literal["value"]
    """less: lower by more than margin; non-inferior: not higher by margin; equivalent: within margin; value: a number is reproduced."""
    a: Identifier
    """The model whose reported number is checked."""


AnyPair = LessClaim | NonInferiorClaim | EquivalentClaim
AnyClaim = AnyPair | ValueClaim
Claim = Annotated[AnyClaim, Field(discriminator="kind")]
