"""``[[model]]``: one architecture, by the paper's letters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench import widths
from pkbench.spec.base import Identifier, Part, Positive, Size, Text

Depth = Annotated[int, Field(ge=1, le=1000)]
Gamma = Annotated[float, Field(gt=0, le=1000)]
Omega = Annotated[int, Field(ge=1, le=10**15)]
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


class MixerPart(Part):
    """What both Mixers have."""

    id: Identifier
    """Name of this model in claims, profiles and reports."""
    mixing: Literal["normal", "random"]
    """normal: mix along tokens and channels; random: RP-Mixer, every PK layer with its own frozen permutations (Def. 5.1)."""
    depth: Depth
    """Base blocks L, each one token-mixing and one channel-mixing block."""
    patch: Size
    """Patch size P: squares of P x P pixels become tokens."""
    S: Size | None = None
    """Tokens; absent: solved from ``C`` and ``omega`` (eq. 14) and rounded."""
    C: Size
    """Channels."""
    omega: Omega | None = None
    """Average connections a layer (eq. 13): required without ``S``, checked against it otherwise."""
    bias: bool
    """Whether the fully connected layers have biases."""
    init: Literal["torch-linear", "normal"]
    """torch-linear: U(±1/sqrt(fan_in)) for weights and biases; normal: N(0, 1/fan_in) and zero biases (§4.3)."""
    first_skip: Literal["identity", "layer"]
    """Skip path of the first block: identity (needs S = S0) or the trainable LN(W X) of S.14-S.15."""
    stated: Stated | None = None
    """What the paper states about this model's size."""

    @property
    def expansion(self) -> float | None:
        """gamma, or ``None`` for a model without a hidden layer."""
        return None

    @property
    def tokens(self) -> int:
        """``S``, solved from ``C`` and ``omega`` where it is not given."""
        if self.S is not None:
            return self.S
        if self.omega is None:
            raise ValueError("a model needs S or omega")
        return max(1, round(widths.solve_tokens(self.C, self.omega, self.expansion or 1.0)))


class MlpMixer(MixerPart):
    """MLP-Mixer, eq. 1-4: two-layer MLPs with hidden widths gamma*S and gamma*C."""

    kind: Literal["mlp-mixer"]
    """Architecture."""
    gamma: Gamma
    """Expansion factor of both mixing MLPs; gamma*S and gamma*C are rounded to whole widths."""
    rp_placement: Literal["block", "layer"] | None = None
    """Only with random mixing. block: one permutation pair around the two-layer block (App. A.2.3 read literally); layer: a pair for each PK layer, the hidden one included (Def. 5.1)."""

    @property
    def expansion(self) -> float | None:
        """The spec's gamma."""
        return self.gamma


class SMixer(MixerPart):
    """S-Mixer, eq. 5 and S.7-S.8: one square fully connected layer a mixing block, activation after it."""

    kind: Literal["s-mixer"]
    """Architecture."""


Model = Annotated[MlpMixer | SMixer, Field(discriminator="kind")]


def shape_of(model: MlpMixer | SMixer, image: tuple[int, int, int], classes: int) -> widths.Shape:
    """The :class:`~pkbench.widths.Shape` of ``model`` on images of ``(height, width, colours)``."""
    S0, C0 = widths.patch_grid(*image, model.patch)
    return widths.Shape(
        S0=S0,
        C0=C0,
        S=model.tokens,
        C=model.C,
        depth=model.depth,
        gamma=model.expansion,
        classes=classes,
        bias=model.bias,
        skip_layer=model.first_skip == "layer",
    )
