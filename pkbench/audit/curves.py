"""Where a curve is lowest or highest."""

from __future__ import annotations

import math

from pkbench.audit.wording import number
from pkbench.finding import Finding
from pkbench.spec.audit import ExtremumClaim, Point


def check_extremum(claim: ExtremumClaim) -> Finding:
    """The extremum's place against the stated one; residual: the factor between them less one."""
    sign = 1 if claim.extreme == "minimum" else -1
    found = min(claim.points, key=lambda point: (sign * point.y, _distance(point, claim.stated_x)))
    closest = min(claim.points, key=lambda point: _distance(point, claim.stated_x))
    factor = math.exp(_distance(found, claim.stated_x))
    values = [("stated x", claim.stated_x), ("x of the extremum", found.x), ("y there", found.y), ("factor", factor)]
    sentence = (
        f"{claim.y_name} has its {claim.extreme} {number(found.y)} at {claim.x_name} = {number(found.x)}; "
        f"{number(claim.stated_x)} is stated"
    )
    if factor > 1:
        sentence += f", a factor of {factor:.3g} away"
    if closest != found:
        values += [("x nearest to stated", closest.x), ("y at nearest x", closest.y)]
        sentence += f". At {number(closest.x)}, the point nearest to that, it is {number(closest.y)}"
        sentence += _resolution(found, closest)
    return Finding(factor - 1, tuple(values), f"{sentence}.")


def _distance(point: Point, x: float) -> float:
    """How far ``point`` lies from ``x`` as the logarithm of a factor."""
    return abs(math.log(point.x / x))


def _resolution(found: Point, other: Point) -> str:
    """Whether the drawn bars tell the two apart."""
    if found.half_bar is None or other.half_bar is None:
        return ""
    apart = abs(found.y - other.y) > found.half_bar + other.half_bar
    return f"; the error bars of the two {'are apart' if apart else 'overlap'}"
