"""Models the Mixers are compared with: sparse by a mask, shallow, and fully connected."""

from __future__ import annotations

from typing import Any, Literal

from pkbench.spec.base import Size
from pkbench.spec.model_parts import BuiltInPart, Density, Gamma, Omega, PatchedPart

SPARSE_BELOW = 0.1
"""With ``compute = "auto"``: densities up to this one are computed sparsely. A fixed rule, so that equal specs give equal bits."""


class SwMlp(PatchedPart):
    """SW-MLP, S.16-S.17: a wide MLP over all m = S*C features, its weights sparse by a random mask drawn once and frozen."""

    kind: Literal["sw-mlp"]
    """Architecture."""
    S: Size
    """Tokens: with C the width m = S * C."""
    gamma: Gamma | None = None
    """Expansion factor of the hidden layers (S.17); absent: one square layer a block (S.16)."""
    p: Density | None = None
    """Fraction of non-zero weights; exactly one of p and omega is given."""
    omega: Omega | None = None
    """Average connections a layer, p * gamma * m^2; exactly one of p and omega is given."""
    mask: Literal["exact", "bernoulli", "fan-in"]
    """exact: p of all weights to the nearest number; bernoulli: each with probability p; fan-in: p of each row."""
    mask_value: Literal["one", "inverse-sqrt-p"]
    """What the mask's entries are: 1, or 1/sqrt(p) as in §4.3's analysis."""
    init: Literal["torch-linear", "normal", "golubeva"]  # type: ignore[assignment]
    """Of the effective weights. torch-linear: U(±1/sqrt(m)); normal: N(0, 1/(p*m)) (§4.3); golubeva: U(±1/sqrt(p*m)) (Golubeva et al. 2021)."""
    compute: Literal["auto", "dense", "sparse"]
    """dense: full matrices and masks; sparse: the non-zero weights only; auto: sparse up to a density of 0.1. Equal up to rounding."""
    pool: Literal["mean", "flatten"]
    """What the classifier reads: the mean over tokens (Table S.1) or all features (App. A.2.5)."""

    @property
    def tokens(self) -> int:
        """``S``."""
        return self.S

    @property
    def density(self) -> float:
        """``p``, solved from ``omega`` where it is not given."""
        if self.p is not None:
            return self.p
        if self.omega is None:
            raise ValueError("an SW-MLP needs p or omega")
        return self.omega / ((self.gamma or 1.0) * (self.S * self.C) ** 2)

    @property
    def form(self) -> Literal["dense", "sparse"]:
        """How it is computed."""
        if self.compute != "auto":
            return self.compute
        return "sparse" if self.density <= SPARSE_BELOW else "dense"

    def identity(self) -> dict[str, Any]:
        """As of every model, with the density and the way it is computed."""
        identity = super().identity()
        del identity["omega"]
        return identity | {"p": self.density, "compute": self.form}


class Shallow(BuiltInPart):
    """``x -> Bc B2 phi(B1 x)`` of Fig. 2d: two structured matrices on the flattened image, nothing else."""

    kind: Literal["shallow"]
    """Architecture."""
    weights: Literal["dense", "monarch", "kronecker"]
    """kronecker: V^T (x) W; monarch: the same blocks without sharing (Cor. 3.4); dense: full matrices."""
    S: Size
    """Rows of the hidden features; those of the input are the image's."""
    C: Size
    """Columns of the hidden features; those of the input are the image's width times its colours."""
    init: Literal["torch-linear", "normal"]
    """torch-linear: U(±1/sqrt(fan_in)) for weights and biases; normal: N(0, 1/fan_in) and zero biases (§4.3)."""
    activation: Literal["gelu", "relu", "linear"]
    """phi; the paper's is relu."""


class SFc(BuiltInPart):
    """S-FC (Neyshabur 2020): fully connected, the widths those of a shallow convolutional net; BatchNorm and ReLU between.

    ``inputs -> alpha * s^2 / 4 -> 24 * alpha -> classes`` with ``s`` the image's height.
    """

    kind: Literal["s-fc"]
    """Architecture."""
    alpha: Size
    """Base channels: 150 for 256 M parameters on CIFAR-10."""
    init: Literal["torch-linear", "normal"]
    """torch-linear: U(±1/sqrt(fan_in)) for weights and biases; normal: N(0, 1/fan_in) and zero biases (§4.3)."""
