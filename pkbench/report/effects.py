"""What figures of effects show: which effects share an axis, and where their claims change."""

from __future__ import annotations

from collections.abc import Iterable

from pkbench.claims.verdict import Verdict
from pkbench.report.words import effect_unit
from pkbench.spec.claim import AnyClaim, CrossingClaim, ValueClaim
from pkbench.spec.extension import ExtensionClaim


def by_unit(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Verdicts with an effect by the label of their axis: only effects that have it in common are drawn on one.

    Those on published values are left out.
    """
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.kind != "value" and verdict.effect is not None:
            found.setdefault(_unit(verdict), []).append(verdict)
    return found


def _unit(verdict: Verdict) -> str:
    unit = effect_unit(verdict).replace("points", "percentage points")
    if verdict.kind == "trend":
        # Slopes along different sizes are compared all the same: each is for a doubling.
        return f"slope ({unit.partition(' of ')[0]})"
    return f"difference, first minus second ({unit})"


def margins(verdict: Verdict, claim: AnyClaim) -> list[tuple[float, str]]:
    """The margins of a claim, each with the marker that points to where the claim holds; none of a published value or an extension's claim."""
    if isinstance(claim, ValueClaim | ExtensionClaim):
        return []
    if isinstance(claim, CrossingClaim):
        return [(claim.margin_first, ">")] if verdict.deciding == 0 else [(claim.margin_last, "<")]
    return [
        (margin, "<" if claim.distance(margin - 1e-6) < claim.distance(margin + 1e-6) else ">")
        for margin in claim.boundaries
    ]
