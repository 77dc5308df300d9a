"""Mixers: normal, with random permutations, and with other structured matrices in their place."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pkbench import widths
from pkbench.spec.base import Identifier, Size, array
from pkbench.spec.model_parts import Depth, Gamma, Omega, PatchedPart

EXPANSION_FIELDS = ("gamma", "gamma_S", "gamma_C", "D_S", "D_C")
"""The ways to say how wide hidden layers are."""


class TokenPart(PatchedPart):
    """What all Mixers have: tokens that may be solved from a number of connections."""

    S: Size | None = None
    """Tokens; absent: solved from ``C`` and ``omega`` (eq. 14) and rounded."""
    omega: Omega | None = None
    """Average connections a layer (eq. 13): required without ``S``, checked against it otherwise."""

    @property
    def expansions(self) -> tuple[float, float] | None:
        """``(gamma_S, gamma_C)``, or ``None`` for a model without hidden layers; needs no ``S`` but where ``D_S`` is given."""
        return None

    @property
    def tokens(self) -> int:
        """``S``, solved from ``C`` and ``omega`` where it is not given."""
        if self.S is not None:
            return self.S
        if self.omega is None:
            raise ValueError("a model needs S or omega")
        return max(1, round(widths.solve_tokens(self.C, self.omega, *(self.expansions or (1.0, 1.0)))))

    def identity(self) -> dict[str, Any]:
        """As of every model, with the tokens it really has."""
        identity = super().identity()
        del identity["omega"]
        return identity | {"S": self.tokens}


class PermutedPart(TokenPart):
    """What both Mixers of the paper have."""

    mixing: Literal["normal", "random"]
    """normal: mix along tokens and channels; random: RP-Mixer, PK layers with their own frozen permutations (Def. 5.1)."""
    rp_blocks: Annotated[tuple[Depth, ...], array()] | None = None
    """Only with random mixing: numbers (from 1) of the base blocks that are permuted; absent: all."""
    rp_sides: Literal["tokens", "channels"] | None = None
    """Only with random mixing: permute token mixing or channel mixing alone; absent: both."""


class MlpMixer(PermutedPart):
    """MLP-Mixer, eq. 1-4: two-layer MLPs with hidden widths gamma*S and gamma*C.

    The hidden width of each side is said once: by ``gamma`` for both, or by ``gamma_S`` or ``D_S`` for tokens and
    ``gamma_C`` or ``D_C`` for channels.
    """

    kind: Literal["mlp-mixer"]
    """Architecture."""
    gamma: Gamma | None = None
    """Expansion factor of both mixing MLPs; gamma*S and gamma*C are rounded to whole widths."""
    gamma_S: Gamma | None = None
    """Expansion factor of the token-mixing MLPs alone."""
    gamma_C: Gamma | None = None
    """Expansion factor of the channel-mixing MLPs alone."""
    D_S: Size | None = None
    """Hidden width of the token-mixing MLPs itself, as Tolstikhin et al. 2021 give it; needs S."""
    D_C: Size | None = None
    """Hidden width of the channel-mixing MLPs itself."""
    rp_placement: Literal["block", "layer"] | None = None
    """Only with random mixing. block: one permutation pair around the two-layer block (App. A.2.3 read literally); layer: a pair for each PK layer, the hidden one included (Def. 5.1)."""

    @property
    def expansions(self) -> tuple[float, float]:
        """``(gamma_S, gamma_C)``.

        Raises:
            ValueError: a side has none, or has ``D_S`` without ``S``.
        """
        sides = []
        for gamma, width, n in ((self.gamma_S, self.D_S, self.S), (self.gamma_C, self.D_C, self.C)):
            if width is not None and n is not None:
                sides.append(width / n)
            elif gamma is None and self.gamma is None:
                raise ValueError("each side of an mlp-mixer needs its hidden width")
            else:
                sides.append(gamma or self.gamma or 0.0)
        return sides[0], sides[1]

    def identity(self) -> dict[str, Any]:
        """As of every Mixer, with the hidden widths instead of the several ways to say them."""
        identity = {key: value for key, value in super().identity().items() if key not in EXPANSION_FIELDS}
        gamma_S, gamma_C = self.expansions
        return identity | {
            "D_S": widths.hidden_width(gamma_S, self.tokens),
            "D_C": widths.hidden_width(gamma_C, self.C),
        }


class SMixer(PermutedPart):
    """S-Mixer, eq. 5 and S.7-S.8: one square fully connected layer a mixing block, activation after it."""

    kind: Literal["s-mixer"]
    """Architecture."""


class StructuredMixer(TokenPart):
    """A Mixer with other structured matrices of as many connections where its Kronecker matrices stand (§4.3's question)."""

    kind: Literal["structured-mixer"]
    """Architecture."""
    structure: Identifier
    """Kind of matrix: kronecker (the Mixer itself), block-diagonal, monarch, low-rank, toeplitz."""
    gamma: Gamma | None = None
    """Expansion factor of the mixing blocks; absent: one square layer a block, as in the S-Mixer."""

    @property
    def expansions(self) -> tuple[float, float] | None:
        """The spec's gamma for both sides."""
        return None if self.gamma is None else (self.gamma, self.gamma)
