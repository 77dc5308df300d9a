"""``[[claim]]`` of a theory spec: statements of the paper that arithmetic or simulation can decide."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Positive, Seed, Size, Text, array

IdentityCheck = Literal[
    "vec",
    "token-mixing",
    "channel-mixing",
    "nonzero-tokens",
    "nonzero-channels",
    "commutation",
    "conjugation",
    "phi-permutes",
    "s-mixer",
    "mlp-mixer",
    "mlp-mixer-extra-phi",
    "two-pk-layers",
    "middle-pair",
    "permuted-spectrum",
    "rescaling",
    "monarch-entries",
    "monarch-layer",
    "omega",
    "tokens-solved",
    "sparse-term",
]
"""Names of the identities."""

BoundCheck = Literal["lemma-b1", "prop-3.3", "smallest-width", "largest-width"]
"""Names of the inequalities."""

OptimumCheck = Literal["largest-m", "smallest-p", "gamma-at-fixed-m", "unequal-gammas", "single-peak"]
"""Names of the extrema."""

UniformCheck = Literal["two-random", "after-commutation"]
"""Names of the ways in which a permutation is composed."""

SpectrumFormula = Literal["c-gamma", "eq-17-printed", "eq-17-corrected"]
"""Names of the formulas for a largest singular value."""

GrowthCheck = Literal["rises", "above-c-gamma"]
"""What is said of largest singular values over a range of widths."""

Side = Annotated[int, Field(ge=1, le=32)]
Connections = Annotated[float, Field(ge=1e4, le=1e12)]
Expansion = Annotated[float, Field(ge=0.1, le=16)]
Density = Annotated[float, Field(gt=0, le=1)]


class TheoryPart(Part):
    """What every claim of a theory spec has."""

    id: Identifier
    """Name of the claim."""
    statement: Text
    """The claim in plain words."""
    place: Text
    """Where the paper makes it."""
    tolerance: Positive
    """Largest residual that still counts as agreement."""
    seed: Seed
    """Seed of the random draws."""
    draws: Size
    """How many random cases are looked at."""


class IdentityClaim(TheoryPart):
    """Two expressions are equal. Residual: their largest difference, relative where they exceed 1."""

    kind: Literal["identity"]
    """identity: two expressions are equal."""
    check: IdentityCheck
    """The identity."""
    largest: Side
    """Sizes are drawn uniformly from 1 to this; explicit matrices have up to ``largest^2`` rows, hence the limit."""


class BoundClaim(TheoryPart):
    """One expression is never below another. Residual: the largest relative violation, 0 without one."""

    kind: Literal["bound"]
    """bound: one expression is never below another."""
    check: BoundCheck
    """The inequality."""
    largest: Side
    """Sizes are drawn uniformly from 1 to this; explicit matrices have up to ``largest^2`` rows, hence the limit."""


class OptimumClaim(TheoryPart):
    """An extremum found by search lies where a formula has it. Residual: the largest relative difference of place and value."""

    kind: Literal["optimum"]
    """optimum: a formula gives the place and the value of an extremum."""
    check: OptimumCheck
    """The extremum; single-peak: residual is the largest relative step in the wrong direction instead."""
    omega: Annotated[tuple[Connections, Connections], Field(strict=False)]
    """Least and largest average connections a layer; drawn log-uniformly."""
    gamma: Annotated[tuple[Expansion, Expansion], Field(strict=False)]
    """Least and largest expansion factor; drawn log-uniformly."""


class UniformClaim(TheoryPart):
    """A composed permutation is uniform. Residual: ``|chi^2 - dof| / sqrt(2 dof)`` over all ``size!`` permutations."""

    kind: Literal["uniform"]
    """uniform: every permutation is equally likely."""
    check: UniformCheck
    """two-random: two independent ones composed; after-commutation: a random one composed with a commutation matrix."""
    draws: Annotated[int, Field(ge=3600, le=1_000_000)]
    """Compositions drawn; the least is five for each permutation of the largest size, as a chi-square test needs."""
    size: Annotated[int, Field(ge=2, le=6)]
    """Features that are permuted."""


class SpectrumClaim(TheoryPart):
    """A formula gives the largest singular value. Residual: ``|mean of the draws - formula| / formula``.

    A draw is a ``gamma*m x m`` matrix of weights N(0, 1/m), each kept with probability p and then divided by sqrt(p).
    """

    kind: Literal["spectrum"]
    """spectrum: a formula gives the largest singular value of a random matrix."""
    formula: SpectrumFormula
    """c-gamma: 1 + sqrt(gamma); eq-17-printed: with sqrt(gamma) in its second term; eq-17-corrected: with 1/sqrt(gamma)."""
    gamma: Expansion
    """Expansion factor."""
    m: Size
    """Columns of the matrix."""
    p: Density
    """Probability that an entry is kept; 1: a dense matrix."""


class GrowthClaim(TheoryPart):
    """Largest singular values over several widths at fixed omega, so that ``p = omega / (gamma m^2)``.

    Residual: the largest relative violation by the means over draws, 0 without one. Matrices are those of ``spectrum``.
    """

    kind: Literal["growth"]
    """growth: how the largest singular value goes with the width."""
    check: GrowthCheck
    """rises: each width's mean exceeds the one before; above-c-gamma: each width's mean exceeds 1 + sqrt(gamma)."""
    gamma: Expansion
    """Expansion factor."""
    omega: Connections
    """Connections of the matrix, on average."""
    m: Annotated[tuple[Size, ...], array(min_length=2, max_length=100)]
    """Widths, in rising order; each at least sqrt(omega / gamma), so that p is at most 1."""


TheoryClaim = Annotated[
    IdentityClaim | BoundClaim | OptimumClaim | UniformClaim | SpectrumClaim | GrowthClaim,
    Field(discriminator="kind"),
]
