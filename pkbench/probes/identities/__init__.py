"""The paper's identities, bounds, extrema and simulations as checks that can fail.

A check draws random cases in float64 and returns a residual; whether that is small enough is the claim's tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping

from pkbench.finding import Finding
from pkbench.probes.identities import blocks, connections, kronecker, monarch, optima, permutations, sparsity_bound
from pkbench.probes.identities.families import Bound, Equation, run_bound, run_identity
from pkbench.probes.identities.spectrum import run_growth, run_spectrum
from pkbench.spec.theory import (
    BoundClaim,
    GrowthClaim,
    IdentityClaim,
    OptimumClaim,
    SpectrumClaim,
    TheoryClaim,
    UniformClaim,
)

__all__ = ["Finding", "check"]

IDENTITIES: Mapping[str, Equation] = {
    **kronecker.CHECKS,
    **blocks.CHECKS,
    **monarch.CHECKS,
    **permutations.IDENTITIES,
    **sparsity_bound.IDENTITIES,
    **connections.IDENTITIES,
}
"""Every identity by name."""

BOUNDS: Mapping[str, Bound] = {**sparsity_bound.BOUNDS, **connections.BOUNDS}
"""Every inequality by name."""


def check(claim: TheoryClaim) -> Finding:
    """Carry out the check a claim names; equal claims give equal findings.

    Raises:
        ValueError: a ``growth`` claim has a width whose matrix has fewer entries than its connections.
    """
    match claim:
        case IdentityClaim():
            return run_identity(IDENTITIES[claim.check], claim)
        case BoundClaim():
            return run_bound(BOUNDS[claim.check], claim)
        case OptimumClaim():
            return optima.run_optimum(optima.CHECKS[claim.check], claim)
        case UniformClaim():
            return permutations.run_uniform(permutations.COMPOSITIONS[claim.check], claim)
        case SpectrumClaim():
            return run_spectrum(claim)
        case GrowthClaim():
            return run_growth(claim)
