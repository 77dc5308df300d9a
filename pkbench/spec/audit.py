"""``[[configuration]]`` and the claims of ``kind = "audit"``: settings and numbers a paper states, to be recomputed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Name, Part, Positive, Size, Text, array
from pkbench.spec.model import Model
from pkbench.spec.model_parts import ModelPart

Quantity = Literal[
    "S",
    "C",
    "C_per_S",
    "m",
    "width",
    "omega",
    "p",
    "connections",
    "block_connections",
    "parameters",
    "body_parameters",
    "forward_flops",
    "mixing_flops",
    "dense_flops",
    "mixing_bytes",
    "dense_bytes",
]
"""What can be recomputed of a configuration; :data:`pkbench.audit.quantities.FORMULAS` says how."""

Varied = Literal["S", "C", "depth", "patch", "gamma", "gamma_S", "gamma_C", "D_S", "D_C", "p"]
"""Fields of a model in which the nearest configuration that fits can be looked for."""

Tolerance = Annotated[float, Field(ge=0, le=1000)]
Digits = Annotated[int, Field(ge=1, le=15)]


class Configuration(Part):
    """One setting the paper states: a model on images of a size."""

    id: Identifier
    """Name of this configuration in claims."""
    place: Text
    """Where the paper states it."""
    image: Annotated[tuple[Size, Size, Size], Field(strict=False)]
    """Height, width and colours of an image as the model sees it."""
    classes: Annotated[int, Field(ge=2, le=100_000)]
    """Number of classes."""
    model: Model
    """The architecture as stated."""


class AuditPart(Part):
    """What every claim of an audit has."""

    id: Identifier
    """Name of the claim."""
    statement: Text
    """The claim in plain words, as the paper makes it."""
    place: Text
    """Where the paper makes it."""


class TotalClaim(AuditPart):
    """A number derived from a configuration is what the paper states.

    Consistent when the recomputed number, rounded to the stated digits, is the stated one, or differs from it by no
    more than the tolerance.
    """

    kind: Literal["total"]
    """total: a number that follows from a configuration."""
    configuration: Identifier
    """The configuration's id."""
    quantity: Quantity
    """What is recomputed."""
    stated: Positive
    """The paper's number, in units: 255e6 for 255M, 3.93e6 for 3.93 MB."""
    digits: Digits | None = None
    """Significant digits the paper states; absent: only the tolerance decides."""
    tolerance: Tolerance
    """Largest |recomputed - stated| / stated that still counts as consistent."""
    vary: Varied | None = None
    """Field of the model to change, all others kept, until the number is the stated one."""


class EqualClaim(AuditPart):
    """Two configurations have the same quantity."""

    kind: Literal["equal"]
    """equal: two configurations against each other."""
    a: Identifier
    """A configuration's id."""
    b: Identifier
    """The configuration compared with it."""
    quantity: Quantity
    """What is recomputed of both."""
    tolerance: Tolerance
    """Largest |a - b| / min(a, b) that still counts as equal."""
    vary: Varied | None = None
    """Field of b's model to change, all others kept, until it equals a."""


class PlacedValue(Part):
    """One statement of a value."""

    place: Text
    """Where it stands."""
    value: float
    """The value there."""


class AgreeClaim(AuditPart):
    """Statements of one value at different places are the same."""

    kind: Literal["agree"]
    """agree: several statements of one value."""
    name: Name
    """What the values are of; for a yes or no: which number stands for which."""
    values: Annotated[tuple[PlacedValue, ...], array(min_length=2, max_length=100)]
    """The statements."""
    tolerance: Tolerance
    """Largest (max - min) / max|value| that still counts as the same."""


class Point(Part):
    """One point of a curve."""

    x: Positive
    """Where."""
    y: float
    """The value there."""
    half_bar: Annotated[float, Field(ge=0)] | None = None
    """Half the error bar drawn there, in the unit of y."""


class ExtremumClaim(AuditPart):
    """A curve is lowest (or highest) at a stated place."""

    kind: Literal["extremum"]
    """extremum: where a curve is lowest or highest."""
    extreme: Literal["minimum", "maximum"]
    """Which end of the curve."""
    x_name: Name
    """What x is."""
    y_name: Name
    """What y is."""
    stated_x: Positive
    """Where the paper says the extremum lies."""
    tolerance: Tolerance
    """Largest factor between the extremum's x and ``stated_x`` that still counts, less one: 1 is a factor of two."""
    origin: Text
    """Where the points are from."""
    points: Annotated[tuple[Point, ...], array(min_length=2, max_length=10_000)]
    """The curve; among equal values the point nearest to ``stated_x`` counts."""


class Spread(Part):
    """How far single seeds lie from their mean."""

    sd: Annotated[float, Field(ge=0)]
    """Standard deviation over seeds, in the unit of the mean."""
    n: Annotated[int, Field(ge=2, le=100_000)]
    """Seeds."""


class StatedMean(Part):
    """A stated result."""

    row: Name
    """Whose it is."""
    mean: float
    """The stated mean."""
    spread: Spread | None = None
    """Its spread; absent: the number is taken as exact."""


class SignificanceClaim(AuditPart):
    """The stated numbers alone make a difference significant: Welch's t test, one-sample against an exact number."""

    kind: Literal["significance"]
    """significance: whether stated means differ."""
    a: StatedMean
    """One result."""
    b: StatedMean
    """The other one."""
    tolerance: Annotated[float, Field(gt=0, lt=0.5)]
    """alpha: the largest two-sided p value that still counts as significant."""


AuditClaim = Annotated[
    TotalClaim | EqualClaim | AgreeClaim | ExtremumClaim | SignificanceClaim, Field(discriminator="kind")
]


def can_vary(model: ModelPart, field: Varied) -> bool:
    """Whether ``model`` states a number for ``field``, so that a nearest one can be looked for."""
    return getattr(model, field, None) is not None
