"""Numbers that are stated and not derived: at several places, and as means with a spread."""

from __future__ import annotations

import math

from pkbench.audit.wording import number
from pkbench.finding import Finding
from pkbench.spec.audit import AgreeClaim, SignificanceClaim, StatedMean


def check_agree(claim: AgreeClaim) -> Finding:
    """Statements of one value; residual: the distance of the extremes relative to the largest magnitude."""
    stated = [statement.value for statement in claim.values]
    largest = max(abs(value) for value in stated)
    residual = (max(stated) - min(stated)) / largest if largest > 0 else 0.0
    places = "; ".join(f"{number(statement.value)} ({statement.place})" for statement in claim.values)
    verdict = "the same everywhere" if residual == 0 else f"{number(max(stated) - min(stated))} apart"
    if residual > 0 and min(stated) > 0:
        verdict = f"the largest is {max(stated) / min(stated):.3g} times the smallest"
    values = tuple((statement.place, statement.value) for statement in claim.values)
    return Finding(residual, values, f"{claim.name}: {places}; {verdict}.")


def check_significance(claim: SignificanceClaim) -> Finding:
    """Welch's t test from the stated numbers; residual: its two-sided p value, 1 where no spread is stated."""
    a, b = claim.a, claim.b
    p = p_value(a, b)
    how = "Welch's t test" if a.spread and b.spread else "one-sample t test"
    result = (
        f"two-sided p = {p:.2g} by {how}" if a.spread or b.spread else "no spread is stated, so no test is possible"
    )
    values = (("a", a.mean), ("b", b.mean), ("difference", a.mean - b.mean), ("p", p))
    return Finding(p, values, f"{_described(a)} against {_described(b)}: {result}, alpha {claim.tolerance:g}.")


def p_value(a: StatedMean, b: StatedMean) -> float:
    """Two-sided p value of Welch's (1947) t test that the means of ``a`` and ``b`` are equal.

    With one spread missing that side is exact and the test is Student's for one sample. 1 without any spread.
    """
    from scipy.special import stdtr

    variances = [(side.spread.sd**2 / side.spread.n, side.spread.n - 1) for side in (a, b) if side.spread]
    total = sum(variance for variance, _ in variances)
    if total == 0:
        return 1.0
    # Satterthwaite's degrees of freedom: n - 1 where one side is exact.
    df = total**2 / sum(variance**2 / degrees for variance, degrees in variances)
    return float(2 * stdtr(df, -abs(a.mean - b.mean) / math.sqrt(total)))


def _described(side: StatedMean) -> str:
    if side.spread is None:
        return f"{side.row} {side.mean:g} (taken as exact)"
    return f"{side.row} {side.mean:g} ± {side.spread.sd:g} (n = {side.spread.n})"
