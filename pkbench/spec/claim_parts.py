"""What the tables of different kinds of claims have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Text, array
from pkbench.spec.metric import MetricName

Percent = Annotated[float, Field(ge=0, le=100)]
Margin = Annotated[float, Field(gt=0, le=100)]
Within = Annotated[float, Field(gt=0, le=1)]
Alpha = Annotated[float, Field(gt=0, lt=0.5)]


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
    metric: MetricName
    """What is compared, at the end of training: test_error in per cent, a loss in nats, cka of comparisons …"""
    alpha: Alpha
    """Error rate of the test, before Holm's correction over the spec's claims."""
