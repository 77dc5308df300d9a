"""``[[reported]]`` and ``[[claim]]``: what the paper's numbers are, and what is to be checked of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Text, array

Percent = Annotated[float, Field(ge=0, le=100)]
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


class LessClaim(ClaimPart):
    """``mean(a) < mean(b) - margin``; paired by seed between two models, one-sample against a reported row."""

    kind: Literal["less"]
    """less: one error is lower than another; value: a published number is reproduced."""
    a: Identifier
    """The model said to be lower."""
    b: Identifier
    """The model, or the reported row, said to be higher."""
    margin: Percent
    """Least difference that counts, in percentage points."""
    equal_connections_within: Annotated[float, Field(gt=0, le=1)] | None = None
    """The comparison is only the claim's where the connections differ by no more than this fraction."""


class ValueClaim(ClaimPart):
    """The reported mean lies in the interval our seeds predict for a mean of the reported size."""

    kind: Literal["value"]
    """less: one error is lower than another; value: a published number is reproduced."""
    a: Identifier
    """The model whose reported number is checked."""


Claim = Annotated[LessClaim | ValueClaim, Field(discriminator="kind")]
