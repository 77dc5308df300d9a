"""Running an identity or an inequality on many random cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pkbench.finding import Finding
from pkbench.probes.identities.draw import Draw, draws
from pkbench.spec.theory import BoundClaim, IdentityClaim


@dataclass(frozen=True, slots=True)
class Equation:
    """Two expressions that should be equal."""

    sides: str
    """Both expressions, as in ``A and B``."""
    trial: Callable[[Draw], float]
    """Their largest difference in one case."""
    aside: tuple[str, Callable[[Draw], float]] | None = None
    """A number to report beside it, by its name: its largest value over the same cases."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of an inequality in one case."""

    smaller: float
    larger: float
    scale: float
    """What violations and gaps are relative to; positive."""
    case: str
    """Kind of the case: where the inequality is tight is reported by it."""

    @property
    def gap(self) -> float:
        """How far ``larger`` is above ``smaller``; negative where the inequality is violated."""
        return (self.larger - self.smaller) / self.scale


@dataclass(frozen=True, slots=True)
class Bound:
    """An expression that should never be below another."""

    smaller: str
    larger: str
    trial: Callable[[Draw], Sides]
    """Both sides in one case."""


def run_identity(equation: Equation, claim: IdentityClaim) -> Finding:
    """The largest difference over the claim's draws."""

    def largest(number: Callable[[Draw], float]) -> float:
        return max(number(draw) for draw in draws(claim.check, claim.seed, claim.draws, claim.largest))

    residual = largest(equation.trial)
    values = [("draws", float(claim.draws)), ("largest difference", residual)]
    sentence = f"{equation.sides} differ by at most {residual:.2g} on {claim.draws} random cases with sizes up to {claim.largest}"
    if equation.aside is not None:
        name, number = equation.aside
        values.append((name, largest(number)))
        sentence += f"; {name}: {values[-1][1]:.2g}"
    return Finding(residual, tuple(values), sentence + ".")


def run_bound(bound: Bound, claim: BoundClaim) -> Finding:
    """The largest violation over the claim's draws, and the smallest gap of each kind of case."""
    gaps: dict[str, float] = {}
    for draw in draws(claim.check, claim.seed, claim.draws, claim.largest):
        sides = bound.trial(draw)
        gaps[sides.case] = min(gaps.get(sides.case, sides.gap), sides.gap)
    tightest = min(gaps, key=lambda case: gaps[case])
    residual = max(0.0, -gaps[tightest])
    sentence = (
        f"On {claim.draws} random cases with sizes up to {claim.largest}, {bound.larger} falls below {bound.smaller} "
        f"by at most {residual:.2g}; closest: {tightest}, relative gap {gaps[tightest]:.2g}."
    )
    values = [("draws", float(claim.draws)), ("largest violation", residual)]
    values += [(f"smallest gap, {case}", gap) for case, gap in sorted(gaps.items())]
    return Finding(residual, tuple(values), sentence)
