"""What the tables of different architectures have in common."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Positive, Size, Text

Depth = Annotated[int, Field(ge=1, le=1000)]
Gamma = Annotated[float, Field(gt=0, le=1000)]
Omega = Annotated[int, Field(ge=1, le=10**15)]
Density = Annotated[float, Field(gt=0, le=1)]
OMEGA_TOLERANCE = 0.01
"""Relative distance within which a stated ``omega`` agrees with ``S``, ``C`` and ``gamma``."""


class Stated(Part):
    """Totals the paper states for this model, compared with the recomputed ones when a spec is planned."""

    place: Text
    """Where the paper states them."""
    connections: Positive | None = None
    """Connections of the whole model without the classifier."""
    width: Positive | None = None
    """Effective width gamma * S * C."""


class ModelPart(Part):
    """What every architecture has."""

    id: Identifier
    """Name of this model in claims, profiles and reports."""
    bias: bool
    """Whether the fully connected layers have biases."""
    stated: Stated | None = None
    """What the paper states about this model's size."""

    def identity(self) -> dict[str, Any]:
        """What of this model determines a result, as JSON values: names and statements left out, sizes resolved."""
        return self.model_dump(mode="json", exclude={"id", "stated"})


class PatchedPart(ModelPart):
    """What the architectures have that cut an image into patches and stack mixing blocks with skips."""

    depth: Depth
    """Base blocks L, each of two mixing blocks (one of tokens and one of channels in a Mixer)."""
    patch: Size
    """Patch size P: squares of P x P pixels become tokens."""
    C: Size
    """Channels."""
    init: Literal["torch-linear", "normal"]
    """torch-linear: U(±1/sqrt(fan_in)) for weights and biases; normal: N(0, 1/fan_in) and zero biases (§4.3)."""
    first_skip: Literal["identity", "layer"]
    """Skip path of the first block: identity (needs S = S0) or the trainable LN(W X) of S.14-S.15."""
    activation: Literal["gelu", "relu", "linear"] = "gelu"
    """Ablation: the activation phi in the mixing blocks."""
    skip: bool = True
    """Ablation: whether the mixing blocks have skip paths."""
    layer_norm: bool = True
    """Ablation: whether the mixing blocks begin with a LayerNorm."""
