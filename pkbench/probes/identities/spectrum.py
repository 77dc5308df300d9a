"""§4.3, eq. 17, Fig. 4 right and App. D.1: largest singular values of random matrices, simulated against formulas."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from statistics import fmean, stdev

import torch

from pkbench.finding import Finding
from pkbench.probes.spectra import c_gamma, sw_edge, sw_largest
from pkbench.seeding import stream_seed
from pkbench.spec.theory import GrowthClaim, SpectrumClaim


def formula_value(claim: SpectrumClaim) -> float:
    """What the claim's formula gives for its matrix."""
    if claim.formula == "c-gamma":
        return c_gamma(claim.gamma)
    return sw_edge(claim.gamma, claim.m, claim.p, corrected=claim.formula == "eq-17-corrected")


def simulate(gamma: float, m: int, p: float, seed: int, count: int) -> list[float]:
    """Largest singular values of ``count`` independent ``gamma*m x m`` matrices.

    As many at once as torch has threads; each matrix has a stream of its own, so that their number changes nothing.
    """
    seeds = [stream_seed("theory", "spectrum", seed, m, i) for i in range(count)]
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        return list(threads.map(lambda one: sw_largest(gamma, m, p, one), seeds))


def run_spectrum(claim: SpectrumClaim) -> Finding:
    """Relative distance of the simulated mean from the formula."""
    found = simulate(claim.gamma, claim.m, claim.p, claim.seed, claim.draws)
    mean, formula = fmean(found), formula_value(claim)
    residual = abs(mean - formula) / formula
    values = [("draws", float(claim.draws)), ("formula", formula), ("simulated mean", mean)]
    spread = ""
    if claim.draws > 1:
        values.append(("simulated sd", stdev(found)))
        spread = f" (sd {stdev(found):.4f})"
    sentence = (
        f"The largest singular value of {claim.draws} random matrices with γ = {claim.gamma:g}, m = {claim.m} and "
        f"p = {claim.p:.4g} is {mean:.4f} on average{spread}; the formula gives {formula:.4f}, off by {residual:.2%}."
    )
    return Finding(residual, tuple(values), sentence)


def run_growth(claim: GrowthClaim) -> Finding:
    """Largest relative violation, by the simulated means, of rising with the width or of staying above ``1 + sqrt(gamma)``.

    Raises:
        ValueError: a matrix has fewer entries than the claim's connections.
    """
    if claim.omega > claim.gamma * min(claim.m) ** 2:
        raise ValueError(f"{claim.omega:g} connections do not fit where m = {min(claim.m)} and gamma = {claim.gamma:g}")
    means = [
        fmean(simulate(claim.gamma, m, claim.omega / (claim.gamma * m * m), claim.seed, claim.draws)) for m in claim.m
    ]
    edge = c_gamma(claim.gamma)
    if claim.check == "rises":
        residual = max(0.0, *(1 - after / before for before, after in pairwise(means)))
        outcome = f"it falls by up to {residual:.2%} from one width to the next" if residual else "it rises each time"
    else:
        residual = max(0.0, *(1 - mean / edge for mean in means))
        outcome = (
            f"below 1 + √γ = {edge:.4f} by up to {residual:.2%}" if residual else f"always above 1 + √γ = {edge:.4f}"
        )
    values = [("draws a width", float(claim.draws)), ("1 + √γ", edge)]
    values += [(f"mean at m = {m}", mean) for m, mean in zip(claim.m, means, strict=True)]
    course = ", ".join(f"{mean:.4f} at m = {m}" for m, mean in zip(claim.m, means, strict=True))
    sentence = (
        f"The largest singular value with γ = {claim.gamma:g} and {claim.omega:g} connections, mean of {claim.draws} "
        f"matrices a width, is {course}: {outcome}."
    )
    return Finding(residual, tuple(values), sentence)
