"""Permutations: they commute with phi, keep singular values, and stay uniform when composed (Def. 3.1, §5, App. B.2)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping

import torch

from pkbench.finding import Finding
from pkbench.models.permutation import Commutation, Permutation, compose, random_permutation
from pkbench.models.pk import ACTIVATIONS
from pkbench.probes.identities.blocks import pk_layer
from pkbench.probes.identities.draw import Draw
from pkbench.probes.identities.families import Equation
from pkbench.probes.identities.matrices import difference, eye, kron, permutation_matrix
from pkbench.seeding import stream_seed
from pkbench.spec.theory import UniformClaim


def _phi_permutes(draw: Draw) -> float:
    J = permutation_matrix(draw.permutation(draw.size() * draw.size()))
    x = draw.normal(len(J))
    return max(difference(phi(J @ x), J @ phi(x)) for phi in (ACTIVATIONS["gelu"], ACTIVATIONS["relu"]))


def _permuted_spectrum(draw: Draw) -> float:
    groups = draw.size()
    W = draw.normal(draw.size(), draw.size())
    J1, J2 = draw.permutation(groups * W.shape[1]), draw.permutation(groups * W.shape[0])
    explicit = permutation_matrix(J2) @ kron(eye(groups), W) @ permutation_matrix(J1)
    wanted = torch.linalg.svdvals(W).repeat_interleave(groups)
    return max(
        difference(torch.linalg.svdvals(explicit), wanted),
        difference(pk_layer(W, groups, J1, J2, "linear").to_dense(), explicit),
    )


def _two_random(claim: UniformClaim, i: int) -> Permutation:
    outer, inner = (
        random_permutation(claim.size, stream_seed("theory", claim.check, claim.seed, name, i))
        for name in ("outer", "inner")
    )
    return compose(outer, inner)


def _after_commutation(claim: UniformClaim, i: int) -> Permutation:
    rows = max(n for n in range(1, math.isqrt(claim.size) + 1) if claim.size % n == 0)
    drawn = random_permutation(claim.size, stream_seed("theory", claim.check, claim.seed, "drawn", i))
    return compose(drawn, Commutation(rows, claim.size // rows))


COMPOSITIONS: Mapping[str, Callable[[UniformClaim, int], Permutation]] = {
    "two-random": _two_random,
    "after-commutation": _after_commutation,
}
"""The ``i``-th composition of a claim, by the name of its check."""


def run_uniform(compose_draw: Callable[[UniformClaim, int], Permutation], claim: UniformClaim) -> Finding:
    """Chi-square statistic over all permutations of ``claim.size`` features.

    The residual is the statistic's distance from its mean, dof, in standard deviations, sqrt(2 dof): large for
    what is not uniform, and for what is too even to be random.
    """
    from scipy.stats import chi2

    counts = Counter(tuple(compose_draw(claim, i).index.tolist()) for i in range(claim.draws))
    cells = math.factorial(claim.size)
    expected = claim.draws / cells
    unseen = cells - len(counts)
    statistic = sum((count - expected) ** 2 for count in counts.values()) / expected + unseen * expected
    dof = cells - 1
    residual = abs(statistic - dof) / math.sqrt(2 * dof)
    p_value = float(chi2.sf(statistic, dof))
    values = (
        ("draws", float(claim.draws)),
        ("permutations seen", float(len(counts))),
        ("chi-square", statistic),
        ("degrees of freedom", float(dof)),
        ("p value", p_value),
    )
    sentence = (
        f"{claim.draws} compositions fall on {len(counts)} of the {cells} permutations of {claim.size} features with "
        f"chi-square {statistic:.1f} for {dof} degrees of freedom (p = {p_value:.2g}), {residual:.2f} standard deviations "
        "from what uniform ones give."
    )
    return Finding(residual, values, sentence)


IDENTITIES: Mapping[str, Equation] = {
    "phi-permutes": Equation("φ(Jx) and Jφ(x), for GELU and ReLU,", _phi_permutes),
    "permuted-spectrum": Equation(
        "Singular values of J₂(I ⊗ W)J₁ and those of W, each as often as there are groups,", _permuted_spectrum
    ),
}
"""Identities by name."""
